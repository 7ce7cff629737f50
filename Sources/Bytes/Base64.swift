/// Bytes as text in the two alphabets of RFC 4648. Decoding is strict: no text but the one that an
/// encoder writes for some bytes, with or without its padding, is read.
package enum Base64 {
  package enum Alphabet: Sendable {
    /// Section 4: `+` and `/`.
    case standard
    /// Section 5: `-` and `_`, for addresses and file names.
    case urlSafe

    fileprivate var table: Table { self == .standard ? Table.standard : Table.urlSafe }
  }

  fileprivate struct Table: Sendable {
    static let invalid: UInt8 = 0xff
    static let standard = Table(last: "+/")
    static let urlSafe = Table(last: "-_")

    let characters: [UInt8]
    /// The value of every character.
    let values: [UInt8]

    private init(last: String) {
      characters = Array(
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8)
      var values = [UInt8](repeating: Self.invalid, count: 256)
      for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
      self.values = values
    }
  }

  /// - Parameter padded: with `=` up to a multiple of four characters.
  package static func encode(
    _ bytes: [UInt8], _ alphabet: Alphabet = .standard, padded: Bool = false
  ) -> [UInt8] {
    let characters = alphabet.table.characters
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
    while padded, text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return text
  }

  /// - Returns: nil if a character is outside the alphabet, the length impossible, bits are left
  ///   over, or padding is other than none or what fills a group of four.
  package static func decode(
    _ text: UnsafeRawBufferPointer, _ alphabet: Alphabet = .standard
  ) -> [UInt8]? {
    let values = alphabet.table.values
    var end = text.count
    while end > 0, unsafe text[end - 1] == UInt8(ascii: "=") { end -= 1 }
    let padding = text.count - end
    guard end % 4 != 1, padding == 0 || (padding <= 2 && text.count % 4 == 0) else {
      return nil
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(end * 3 / 4)
    var bits: UInt32 = 0
    var held = 0
    for index in 0..<end {
      let value = unsafe values[Int(text[index])]
      guard value != Table.invalid else { return nil }
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

  /// The same of a string.
  package static func decode(
    _ text: some StringProtocol, _ alphabet: Alphabet = .standard
  ) -> [UInt8]? {
    var text = Substring(text)
    return text.withUTF8 { utf8 in unsafe decode(UnsafeRawBufferPointer(utf8), alphabet) }
  }
}
