/// Bytes as text in one of the two alphabets of RFC 4648.
package enum Base64 {
  package enum Alphabet: Sendable {
    /// Section 4: `+` and `/`, written with padding.
    case standard
    /// Section 5: `-` and `_`, written without padding.
    case urlSafe

    fileprivate var last: (UInt8, UInt8) {
      switch self {
      case .standard: (UInt8(ascii: "+"), UInt8(ascii: "/"))
      case .urlSafe: (UInt8(ascii: "-"), UInt8(ascii: "_"))
      }
    }
  }

  private static let common = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
    let characters = common + [alphabet.last.0, alphabet.last.1]
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var bits: UInt32 = 0
    var held = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      held += 8
      while held >= 6 {
        held -= 6
        text.append(characters[Int(bits >> UInt32(held) & 63)])
      }
    }
    if held > 0 { text.append(characters[Int(bits << UInt32(6 - held) & 63)]) }
    if alphabet == .standard {
      while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: nil if a character is outside the alphabet, the length impossible, bits are left
  ///   over, or padding is other than none or what fills a group of four.
  package static func decode(_ text: String, _ alphabet: Alphabet = .standard) -> [UInt8]? {
    let characters = Array(text.utf8)
    var end = characters.count
    while end > 0, characters[end - 1] == UInt8(ascii: "=") { end -= 1 }
    let padding = characters.count - end
    guard end % 4 != 1, padding == 0 || (padding <= 2 && characters.count % 4 == 0) else {
      return nil
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(end * 3 / 4)
    var bits: UInt32 = 0
    var held = 0
    for character in characters[..<end] {
      guard let value = value(of: character, alphabet) else { return nil }
      bits = bits << 6 | UInt32(value)
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        bits &= (1 << UInt32(held)) - 1
      }
    }
    return bits == 0 ? bytes : nil
  }

  private static func value(of character: UInt8, _ alphabet: Alphabet) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case alphabet.last.0: 62
    case alphabet.last.1: 63
    default: nil
    }
  }
}
