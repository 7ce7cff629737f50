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
    let size = padded ? (bytes.count + 2) / 3 * 4 : (bytes.count * 4 + 2) / 3
    return [UInt8](capacity: size) { text in
      var place = 0
      // Three bytes are four characters.
      while place < bytes.count {
        var group: UInt32 = 0
        for index in place..<place + 3 {
          group = group << 8 | (index < bytes.count ? UInt32(bytes[index]) : 0)
        }
        for character in 0..<min(4, size - place / 3 * 4) {
          let isText = character <= bytes.count - place
          let value = Int(group >> UInt32(18 - 6 * character) & 63)
          text.append(isText ? characters[value] : UInt8(ascii: "="))
        }
        place += 3
      }
    }
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
    // What is no character has a value with its highest bit set.
    var seen: UInt8 = 0
    let bytes = [UInt8](capacity: end * 3 / 4) { bytes in
      var place = 0
      while place < end {
        var group: UInt32 = 0
        for index in place..<place + 4 {
          let value = index < end ? unsafe values[Int(text[index])] : 0
          seen |= value
          group = group << 6 | UInt32(value & 63)
        }
        // A group that is cut off has as many bytes as its characters have whole ones.
        let count = min(3, (end - place) * 6 / 8)
        for byte in 0..<count {
          bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * byte)))
        }
        if count < 3, group << UInt32(8 + 8 * count) != 0 { seen |= Table.invalid }
        place += 4
      }
    }
    return seen & 0x80 == 0 ? bytes : nil
  }

  /// The same of a string.
  package static func decode(
    _ text: some StringProtocol, _ alphabet: Alphabet = .standard
  ) -> [UInt8]? {
    var text = Substring(text)
    return text.withUTF8 { utf8 in unsafe decode(UnsafeRawBufferPointer(utf8), alphabet) }
  }
}
