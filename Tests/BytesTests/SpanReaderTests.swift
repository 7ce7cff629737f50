import Bytes
import Testing

struct SpanReaderTests {
  @Test func readsLittleEndian() throws {
    let bytes: [UInt8] = [0x01, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0, 0, 0x80, 0x3f, 0xff]
    var reader = SpanReader(bytes.span.bytes)
    #expect(try reader.integer("a byte", as: UInt8.self) == 1)
    #expect(try reader.integer("a half word", as: UInt16.self) == 0x1234)
    #expect(try reader.integer("a word", as: UInt32.self) == 0x1234_5678)
    #expect(try reader.float("a float") == 1)
    #expect(reader.remaining == 1)
    #expect(try reader.integer("a signed byte", as: Int8.self) == -1)
    #expect(reader.remaining == 0)
  }

  @Test func refusesToReadPastTheEnd() throws {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
    var reader = SpanReader(bytes.span.bytes)
    _ = try reader.integer("a word", as: UInt32.self)
    var failure: ReadError?
    do { _ = try reader.integer("the count", as: UInt64.self) } catch { failure = error }
    #expect(failure == ReadError(offset: 4, expected: "the count", available: 3))
    #expect(
      failure?.description == "at byte 4: expected the count, but only 3 bytes are left")
    #expect(reader.offset == 4)
  }

  @Test(arguments: [UInt64(8), .max, UInt64(Int64.max), 1 << 40])
  func refusesLengthsBeyondTheEnd(length: UInt64) throws {
    let bytes = [UInt8](repeating: 65, count: 7)
    var reader = SpanReader(bytes.span.bytes)
    #expect(throws: ReadError.self) { try reader.skip(length, "text") }
    #expect(throws: ReadError.self) { try reader.string(length, "text") }
    #expect(try reader.string(7, "text") == "AAAAAAA")
  }

  @Test func refusesNegativeLengths() {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = SpanReader(bytes.span.bytes)
    #expect(throws: ReadError.self) { try reader.skip(-1, "text") }
  }

  @Test func refusesTextThatIsNotUTF8() {
    let bytes: [UInt8] = [0x41, 0xc3, 0x28]
    var reader = SpanReader(bytes.span.bytes)
    #expect(throws: ReadError(offset: 0, expected: "a name in UTF-8", available: nil)) {
      try reader.string(3, "a name")
    }
  }

  @Test func startsAnywhereInside() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = try SpanReader(bytes.span.bytes, at: 2)
    #expect(try reader.integer("a byte", as: UInt8.self) == 3)
    #expect(throws: ReadError.self) { _ = try SpanReader(bytes.span.bytes, at: 4).remaining }
    #expect(throws: ReadError.self) { _ = try SpanReader(bytes.span.bytes, at: -1).remaining }
  }
}
