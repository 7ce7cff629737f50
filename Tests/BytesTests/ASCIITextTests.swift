import Bytes
import Testing

@Suite struct ASCIITextTests {
  /// Whatever is not printable would end a field, or begin another one.
  @Test func everyByteAtEveryPlace() {
    for length in 1...17 {
      for place in 0..<length {
        for byte in UInt8.min...UInt8.max {
          var text = [UInt8](repeating: byte % 2 == 0 ? 0x20 : 0x7E, count: length)
          text[place] = byte
          let isPrintable = ASCIIText.isPrintable(text.span)
          #expect(isPrintable == (byte >= 0x20 && byte <= 0x7E))
          let isVisible = ASCIIText.isPrintable(text.span, spaces: false)
          #expect(isVisible == text.allSatisfy { $0 >= 0x21 && $0 <= 0x7E })
        }
      }
    }
    #expect(ASCIIText.isPrintable(""))
  }

  @Test(arguments: ["", "short", "longer than what a text holds in itself", "äöü 漢字"])
  func appendsTexts(text: String) {
    var bytes: [UInt8] = [1]
    bytes.append(utf8: text)
    #expect(bytes == [1] + Array(text.utf8))
  }
}
