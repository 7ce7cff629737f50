/// What header fields take as it is.
package enum ASCIIText {
  /// Whether all bytes are in 0x20...0x7E, or in 0x21...0x7E without `spaces`. Eight at a time, as
  /// every answer has such texts: what is below borrows from its highest bit, what is above carries
  /// into it, and others do neither.
  package static func isPrintable(_ bytes: Span<UInt8>, spaces: Bool = true) -> Bool {
    let lowest: UInt8 = spaces ? 0x20 : 0x21
    let bound = UInt64(lowest) &* 0x0101_0101_0101_0101
    let highest: UInt64 = 0x8080_8080_8080_8080
    let raw = unsafe bytes.bytes
    var place = 0
    while place + 8 <= raw.byteCount {
      let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
      let isBelow = (word &- bound) & ~word
      let isAbove = (word &+ 0x0101_0101_0101_0101) | word
      guard (isBelow | isAbove) & highest == 0 else { return false }
      place += 8
    }
    while place < bytes.count {
      guard (lowest...0x7E).contains(bytes[place]) else { return false }
      place += 1
    }
    return true
  }

  package static func isPrintable(_ text: String, spaces: Bool = true) -> Bool {
    isPrintable(text.utf8.span, spaces: spaces)
  }
}

extension [UInt8] {
  /// Appends a text's bytes at once; `append(contentsOf:)` takes those of a text one by one.
  package mutating func append(utf8 text: String) {
    let bytes = text.utf8.span
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
  /// Appends a number's decimal digits.
  package mutating func append(decimal value: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var place = 20
    var rest = value
    repeat {
      place -= 1
      digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    while place < 20 {
      append(digits[place])
      place += 1
    }
  }
}
