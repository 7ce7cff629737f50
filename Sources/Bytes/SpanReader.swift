/// Reads little-endian values front to back and never past the end.
///
/// Every length read from a file is checked against what is left before anything is made of it.
package struct SpanReader: ~Escapable {
  private let bytes: RawSpan
  /// Position of the next byte, counted from the span's start.
  package private(set) var offset = 0

  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan) { self.bytes = bytes }

  /// Starts at `offset`, which may be anything from 0 to the end.
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, at offset: Int) throws(ReadError) {
    self.bytes = bytes
    guard 0...bytes.byteCount ~= offset else {
      throw ReadError(offset: offset, expected: "a position", available: bytes.byteCount)
    }
    self.offset = offset
  }

  /// Bytes not yet read.
  package var remaining: Int { bytes.byteCount - offset }

  /// The next little-endian integer.
  ///
  /// - Parameter expected: what it is, for the error: "the number of tensors".
  package mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ expected: String, as type: Value.Type = Value.self
  ) throws(ReadError) -> Value {
    let size = MemoryLayout<Value>.size
    guard size <= remaining else {
      throw ReadError(offset: offset, expected: expected, available: remaining)
    }
    let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    offset += size
    return Value(littleEndian: value)
  }

  /// The next 32-bit IEEE 754 value.
  package mutating func float(_ expected: String) throws(ReadError) -> Float {
    Float(bitPattern: try integer(expected, as: UInt32.self))
  }

  /// The next 64-bit IEEE 754 value.
  package mutating func double(_ expected: String) throws(ReadError) -> Double {
    Double(bitPattern: try integer(expected, as: UInt64.self))
  }

  /// Steps over `count` bytes and returns where they lie.
  package mutating func skip(
    _ count: some BinaryInteger, _ expected: String
  ) throws(ReadError) -> Range<Int> {
    guard let count = Int(exactly: count), count >= 0, count <= remaining else {
      throw ReadError(
        offset: offset, expected: "\(expected) of \(count) bytes", available: remaining)
    }
    defer { offset += count }
    return offset..<offset + count
  }

  /// The next `count` bytes as text, which must be UTF-8.
  package mutating func string(
    _ count: some BinaryInteger, _ expected: String
  ) throws(ReadError) -> String {
    let start = offset
    let range = try skip(count, expected)
    let text = unsafe bytes.extracting(range).withUnsafeBytes {
      unsafe String(validating: $0, as: UTF8.self)
    }
    guard let text else {
      throw ReadError(offset: start, expected: "\(expected) in UTF-8", available: nil)
    }
    return text
  }
}

/// Why a read failed: where, and what should have been there.
package struct ReadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Counted from the start of what is read.
  package let offset: Int
  package let expected: String
  /// Bytes that were left; nil where their content was at fault.
  package let available: Int?

  package init(offset: Int, expected: String, available: Int?) {
    self.offset = offset
    self.expected = expected
    self.available = available
  }

  package var description: String {
    guard let available else { return "at byte \(offset): expected \(expected)" }
    return "at byte \(offset): expected \(expected), but only \(available) bytes are left"
  }
}
