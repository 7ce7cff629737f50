import Foundation

/// Certificates for `localhost` and 127.0.0.1, made with the `openssl` command, valid for a day.
package final class TestCertificates: Sendable {
  /// Nil, after saying so, where there is no such command.
  package static let shared = try? TestCertificates()

  package let folder: TemporaryFolder
  /// Self-signed, and so its own authority.
  package var certificate: String { folder.file("first.pem") }
  package var key: String { folder.file("first.key") }
  /// Another of the same kind, and one with a key of another kind.
  package var otherCertificate: String { folder.file("second.pem") }
  package var otherKey: String { folder.file("second.key") }
  package var rsaKey: String { folder.file("rsa.key") }
  /// The key of `certificate` behind a passphrase.
  package var encryptedKey: String { folder.file("encrypted.key") }

  private init() throws {
    folder = try TemporaryFolder()
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    try make("first", curve)
    try make("second", curve)
    try make("rsa", ["-newkey", "rsa:2048"])
    try Self.openssl([
      "pkey", "-in", key, "-aes128", "-passout", "pass:secret", "-out", encryptedKey,
    ])
  }

  private func make(_ name: String, _ kind: [String]) throws {
    try Self.openssl(
      ["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=localhost"] + kind + [
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).pem"),
      ])
  }

  private static func openssl(_ words: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    do { try process.run() } catch {
      print("skipped: there is no command openssl")
      throw error
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw OpenSSLFailed(words: words) }
  }
}

package struct OpenSSLFailed: Error {
  package let words: [String]
}
