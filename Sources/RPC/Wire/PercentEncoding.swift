/// The `grpc-message` trailer: UTF-8 with every byte outside 0x20…0x7E, and `%`, as `%XX`.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Status-Message)
enum PercentEncoding {
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// At most `limit` bytes; a longer text is cut between characters.
  static func encode(_ text: String, limit: Int) -> [UInt8] {
    var encoded: [UInt8] = []
    for character in text {
      let before = encoded.count
      for byte in character.utf8 {
        if byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%") {
          encoded.append(byte)
        } else {
          encoded.append(UInt8(ascii: "%"))
          encoded.append(digits[Int(byte >> 4)])
          encoded.append(digits[Int(byte & 15)])
        }
      }
      if encoded.count > limit {
        encoded.removeSubrange(before...)
        break
      }
    }
    return encoded
  }

  /// Broken escapes stay as they are, and broken UTF-8 is repaired: a message must not be lost.
  static func decode(_ text: UnsafeRawBufferPointer) -> String {
    var bytes: [UInt8] = []
    var index = 0
    while index < text.count {
      let byte = unsafe text[index]
      if byte == UInt8(ascii: "%"), index + 2 < text.count,
        let high = unsafe value(of: text[index + 1]), let low = unsafe value(of: text[index + 2])
      {
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(byte)
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
