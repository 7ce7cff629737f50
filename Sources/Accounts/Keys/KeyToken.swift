internal import Crypto

// token    = "apus_" id "_" secret checksum     63 characters
// id       = 8 letters and digits               public: names the key
// secret   = 43 letters and digits              62^43 > 2^256 possibilities, each equally likely
// checksum = 6 letters and digits               CRC-32 of all before, in base 62, highest first
//
// The checksum tells a typing error from a wrong key without a look-up, and lets scanners of source
// code find leaked keys without guessing.

/// What a client presents.
package enum KeyToken {
  package static let prefix = "apus_"
  package static let length = 63
  private static let secretStart = 14
  private static let secretLength = 43
  private static let checksumLength = 6

  /// A new token for a key, and what is stored of it. A slow hash would add nothing: nobody
  /// guesses 256 random bits.
  static func make(for id: KeyID) throws(SecureRandomError) -> (token: String, digest: Digest256) {
    let token = text(id, secret: try SecureRandom.base62(secretLength))
    return (token, SHA256.digest(of: String(token.dropFirst(secretStart))))
  }

  static func text(_ id: KeyID, secret: String) -> String {
    let head = "\(prefix)\(id)_\(secret)"
    return head + checksum(of: Array(head.utf8))
  }

  /// The id of what may be a token, and the digest of what follows it: only length and prefix are
  /// looked at.
  static func outline(_ token: Span<UInt8>) -> (id: KeyID, digest: Digest256)? {
    guard token.count == length else { return nil }
    var index = 0
    for byte in prefix.utf8 {
      guard token[index] == byte else { return nil }
      index += 1
    }
    var id: UInt64 = 0
    for place in (5..<13).reversed() { id = id << 8 | UInt64(token[place]) }
    let secret = token.extracting(secretStart...)
    return (KeyID(packed: id), unsafe SHA256.digest(of: secret.bytes))
  }

  /// Whether the characters and the checksum are those of a token that was issued some time.
  static func isWellFormed(_ token: Span<UInt8>) -> Bool {
    guard token.count == length, token[secretStart - 1] == UInt8(ascii: "_") else { return false }
    let bytes = token.indices.map { token[$0] }
    let fields = bytes[5..<secretStart - 1] + bytes[secretStart...]
    guard bytes.starts(with: prefix.utf8), fields.allSatisfy(Base62.contains) else { return false }
    return checksum(of: bytes.dropLast(checksumLength)).utf8.elementsEqual(
      bytes.suffix(checksumLength))
  }

  /// CRC-32 as of IEEE 802.3. Bit by bit: it runs when keys are made and when they are refused.
  private static func checksum(of bytes: some Sequence<UInt8>) -> String {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    crc = ~crc
    var text: [UInt8] = []
    for _ in 0..<checksumLength {
      text.append(Base62.alphabet[Int(crc % 62)])
      crc /= 62
    }
    return String(decoding: text.reversed(), as: UTF8.self)
  }
}
