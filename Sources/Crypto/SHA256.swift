internal import COpenSSL

/// 32 bytes of SHA-256 or HMAC-SHA-256. Equality takes the same time wherever two differ.
package struct Digest256: Sendable, Equatable {
  package static let byteCount = 32

  private var storage: InlineArray<32, UInt8>

  /// All zeros: what no known message hashes to.
  package init() { storage = InlineArray(repeating: 0) }

  /// - Returns: nil unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    storage = InlineArray { bytes[$0] }
  }

  fileprivate init(fill: (UnsafeMutablePointer<UInt8>) -> Int32) {
    storage = InlineArray(repeating: 0)
    var span = storage.mutableSpan
    let outcome = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe fill($0) } ?? 0
    }
    // Hashing memory with an algorithm that was there at start has no way to fail.
    precondition(outcome == 1, "SHA-256 failed in libcrypto")
  }

  package var bytes: [UInt8] { storage.indices.map { storage[$0] } }

  /// 64 lower-case hexadecimal digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  package static func == (left: Digest256, right: Digest256) -> Bool {
    unsafe left.storage.span.withUnsafeBytes { left in
      unsafe right.storage.span.withUnsafeBytes { right in
        unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, byteCount) == 0
      }
    }
  }
}

/// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by OpenSSL with the processor's instructions.
@safe
package enum SHA256 {
  // Fetched once, as looking an algorithm up costs more than hashing a line of text; never freed,
  // never changed, and libcrypto shares it between threads itself.
  private nonisolated(unsafe) static let algorithm: OpaquePointer? =
    unsafe EVP_MD_fetch(nil, "SHA256", nil)

  package static func digest(of message: RawSpan) -> Digest256 {
    unsafe message.withUnsafeBytes { message in
      unsafe Digest256 { digest in
        unsafe EVP_Digest(message.baseAddress, message.count, digest, nil, algorithm, nil)
      }
    }
  }

  package static func digest(of message: [UInt8]) -> Digest256 {
    unsafe digest(of: message.span.bytes)
  }

  package static func digest(of message: String) -> Digest256 {
    unsafe digest(of: message.utf8.span.bytes)
  }

  /// The keyed digest of a message; the key may have any length.
  package static func hmac(_ message: [UInt8], key: [UInt8]) -> Digest256 {
    unsafe Digest256 { digest in
      // libcrypto takes a null key for "the one of before".
      unsafe (key.isEmpty ? [0] : key).withUnsafeBytes { bytes in
        unsafe HMAC(
          algorithm, bytes.baseAddress, Int32(key.count), message, message.count, digest, nil)
          == nil ? 0 : 1
      }
    }
  }
}
