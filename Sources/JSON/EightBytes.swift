/// Eight bytes of a text, looked at at once. The answers have the highest bit of each byte set that
/// is meant; bytes above such a one may be marked wrongly, the lowest never is.
///
/// What is below a bound borrows from its highest bit, and so does zero, which a byte becomes where
/// it is the one that is looked for.
struct EightBytes {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highest: UInt64 = 0x8080_8080_8080_8080
  /// In the order of this machine.
  private let word: UInt64

  @inline(__always)
  init(_ text: RawSpan, at place: Int) {
    word = unsafe text.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
  }

  /// What a string of JSON cannot hold as it is: control characters, quotes and backslashes.
  @inline(__always)
  var toBeEscaped: UInt64 {
    let control = (word &- Self.ones &* 0x20) & ~word & Self.highest
    return control | equal(to: UInt8(ascii: "\"")) | equal(to: UInt8(ascii: "\\"))
  }

  @inline(__always)
  func equal(to byte: UInt8) -> UInt64 {
    let zero = word ^ Self.ones &* UInt64(byte)
    return (zero &- Self.ones) & ~zero & Self.highest
  }

  @inline(__always)
  var notASCII: UInt64 { word & Self.highest }
}
