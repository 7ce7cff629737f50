import Bytes
import Testing

@Suite struct LittleEndianTests {
  @Test func theLeastSignificantByteComesFirst() throws {
    var bytes: [UInt8] = [9]
    bytes.append(littleEndian: 0x0102_0304)
    bytes.append(littleEndian: Float(1).bitPattern)
    #expect(bytes == [9, 4, 3, 2, 1, 0, 0, 0x80, 0x3f])
    var reader = try SpanReader(bytes.span.bytes, at: 1)
    #expect(try reader.integer("a word") == UInt32(0x0102_0304))
    #expect(try reader.float("a number") == 1)
  }
}
