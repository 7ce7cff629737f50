import Testing

@testable import RPC

@Suite struct MetadataCodingTests {
  /// Whatever is not printable would end a field, or begin another one.
  @Test func everyByteAtEveryPlace() {
    for length in 1...17 {
      for place in 0..<length {
        for byte in UInt8.min...UInt8.max {
          var text = [UInt8](repeating: byte % 2 == 0 ? 0x20 : 0x7E, count: length)
          text[place] = byte
          let isPrintable = byte >= 0x20 && byte <= 0x7E
          #expect(MetadataCoding.isPrintable(text.span) == isPrintable)
        }
      }
    }
    #expect(MetadataCoding.isPrintable([UInt8]().span))
  }
}
