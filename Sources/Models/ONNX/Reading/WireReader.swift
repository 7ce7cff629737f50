internal import Bytes

// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/):
//
//   message = { tag value }
//   tag     = varint of (field number << 3 | type)
//   value   = varint (type 0) | 8 bytes (1) | length:varint bytes (2) | 4 bytes (5)
//   varint  = 7 bits a byte, the lowest first; the top bit says that more follow

/// One field of an encoded message, found and not decoded.
struct WireField {
  let number: Int
  /// Whether bytes of any length may be its value: a text, a message, a packed list.
  let isLengthDelimited: Bool
  /// With the tag.
  let whole: Range<Int>
  /// The value alone.
  let value: Range<Int>
}

/// Steps over the fields of an encoded message, so that what is large can stay where it is.
struct WireReader: ~Escapable {
  private let bytes: RawSpan
  /// Where the next field begins.
  private(set) var offset: Int
  private let end: Int

  /// Reads the message that lies in `range`, which must be inside.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ range: Range<Int>) {
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nil at the end.
  mutating func next() throws(ReadError) -> WireField? {
    if offset == end { return nil }
    let start = offset
    let tag = try varint("a field's number")
    guard tag >> 3 > 0, tag <= UInt32.max else {
      throw ReadError(offset: start, expected: "a field's number", available: nil)
    }
    let value: Range<Int>
    switch tag & 7 {
    case 0:
      let first = offset
      _ = try varint("a number")
      value = first..<offset
    case 1: value = try skip(8)
    case 2:
      let length = try varint("a length")
      value = try skip(length)
    case 5: value = try skip(4)
    default:
      throw ReadError(offset: start, expected: "a field of a type in use", available: nil)
    }
    return WireField(
      number: Int(tag >> 3), isLengthDelimited: tag & 7 == 2, whole: start..<offset, value: value)
  }

  /// The next number; only for lists of numbers, which have no tags.
  mutating func number() throws(ReadError) -> UInt64? {
    offset == end ? nil : try varint("a number")
  }

  private mutating func varint(_ expected: String) throws(ReadError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    for index in 0..<10 {
      guard offset < end else {
        throw ReadError(offset: start, expected: expected, available: end - start)
      }
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte & 0x80 == 0 { return value }
    }
    throw ReadError(offset: start, expected: expected, available: nil)
  }

  private mutating func skip(_ count: UInt64) throws(ReadError) -> Range<Int> {
    guard count <= end - offset else {
      throw ReadError(offset: offset, expected: "\(count) bytes", available: end - offset)
    }
    defer { offset += Int(count) }
    return offset..<offset + Int(count)
  }
}
