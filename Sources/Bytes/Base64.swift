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
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: end * 3 / 4) { bytes, count in
      unsafe values.withUnsafeBufferPointer { values in
        for place in stride(from: 0, to: end & ~3, by: 4) {
          let first = unsafe values[Int(text[place])]
          let second = unsafe values[Int(text[place + 1])]
          let third = unsafe values[Int(text[place + 2])]
          let fourth = unsafe values[Int(text[place + 3])]
          seen |= first | second | third | fourth
          unsafe bytes[count] = first << 2 | second >> 4
          unsafe bytes[count + 1] = second << 4 | third >> 2
          unsafe bytes[count + 2] = third << 6 | fourth
          count += 3
        }
        // A group that is cut off has as many bytes as its characters have whole ones.
        guard end & 3 > 0 else { return }
        var group: UInt32 = 0
        for place in end & ~3..<end {
          let value = unsafe values[Int(text[place])]
          seen |= value
          group |= UInt32(value & 63) << UInt32(18 - 6 * (place & 3))
        }
        let rest = (end & 3) * 6 / 8
        for byte in 0..<rest {
          unsafe bytes[count] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * byte))
          count += 1
        }
        if group << UInt32(8 + 8 * rest) != 0 { seen |= Table.invalid }
      }
    }
    return seen & 0x80 == 0 ? bytes : nil
  }

  /// The same of a text that may stand in lines or be set in by spaces (RFC 2045), as `base64` and
  /// mail programs write it.
  package static func decode(
    inLines text: UnsafeRawBufferPointer, _ alphabet: Alphabet = .standard
  ) -> [UInt8]? {
    // Whoever writes lines writes short ones.
    let isSolid = unsafe !text.prefix(128).contains(where: isBlank)
    if isSolid, let bytes = unsafe decode(text, alphabet) { return bytes }
    let solid = unsafe [UInt8](unsafeUninitializedCapacity: text.count) { solid, count in
      for unsafe byte in unsafe text {
        unsafe solid[count] = byte
        count += isBlank(byte) ? 0 : 1
      }
    }
    guard solid.count < text.count else { return nil }
    return unsafe solid.withUnsafeBytes { unsafe decode($0, alphabet) }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  /// The same of a string.
  package static func decode(
    _ text: some StringProtocol, _ alphabet: Alphabet = .standard
  ) -> [UInt8]? {
    var text = Substring(text)
    return text.withUTF8 { utf8 in unsafe decode(UnsafeRawBufferPointer(utf8), alphabet) }
  }
}
