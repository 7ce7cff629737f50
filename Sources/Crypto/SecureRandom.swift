internal import COpenSSL

/// Bytes that nobody can foretell, from libcrypto's generator, which the kernel seeds.
package enum SecureRandom {
  /// - Throws: when the system's source of randomness fails.
  package static func bytes(_ count: Int) throws(SecureRandomError) -> [UInt8] {
    precondition((0...1 << 20).contains(count), "random bytes are asked for in small numbers")
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe RAND_bytes(&bytes, Int32(count)) == 1 else { throw SecureRandomError() }
    return bytes
  }

  /// Letters and digits, each of the 62 equally likely: 5.95 bits a character.
  package static func base62(_ count: Int) throws(SecureRandomError) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(count)
    while text.count < count {
      // 248 is the largest multiple of 62 in a byte: what is above would favour some characters.
      for byte in try bytes(64) where byte < 248 && text.count < count {
        text.append(Base62.alphabet[Int(byte % 62)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

package struct SecureRandomError: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String {
    "the system's source of randomness failed: /dev/urandom or getrandom must be available"
  }
}

/// Letters and digits: what a double click selects as one word and no shell or URL changes.
package enum Base62 {
  package static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  package static func contains(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}
