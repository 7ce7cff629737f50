internal import Bytes
internal import CTLS
internal import Time

/// Where a server's certificate is: files in PEM.
package struct CertificateFiles: Sendable, Equatable {
  /// The server's own certificate, then those between it and a root.
  package let certificate: String
  package let key: String
  /// Who signs the certificates that clients must have; nil where they need none.
  package let clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }

  /// Most bytes of each: a key takes a few KiB, the authorities of a system 250.
  private static let limit = 4 << 20

  /// Reads the files, once for all fronts, so that none has the key of another's certificate.
  package func read() throws(CertificateProblem) -> CertificateTexts {
    CertificateTexts(
      files: self, certificate: try Self.read(certificate), key: try Self.read(key),
      clientAuthorities: try clientAuthorities.map(Self.read))
  }

  package static func read(_ path: String) throws(CertificateProblem) -> [UInt8] {
    do throws(FileError) { return try SmallFile.bytes(path, limit: limit) } catch {
      throw CertificateProblem(file: path, reason: error.explanation)
    }
  }
}

/// What was in them.
package struct CertificateTexts: Sendable {
  let files: CertificateFiles
  let certificate: [UInt8]
  let key: [UInt8]
  let clientAuthorities: [UInt8]?

  /// What OpenSSL found, as a person who has the files can mend it.
  func problem(_ outcome: ct_outcome) -> CertificateProblem {
    let words = Self.words(outcome)
    let place = outcome.index == 0 ? "the certificate" : "certificate \(outcome.index + 1) of it"
    return switch Int(outcome.problem) {
    case CT_NO_CERTIFICATE:
      about(
        files.certificate,
        "holds no certificate in PEM (-----BEGIN CERTIFICATE-----): give the server's own, then "
          + "those that lead to a root")
    case CT_NO_KEY:
      about(files.key, "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
    case CT_KEY_ENCRYPTED:
      about(
        files.key,
        "the key is encrypted: write it without its passphrase, openssl pkey -in FILE -out FILE")
    case CT_KEY_MISMATCH:
      about(
        files.key,
        "is not the key of the certificate in \(files.certificate): give the two that belong "
          + "together, the server's own certificate first in its file")
    case CT_EXPIRED:
      about(files.certificate, "\(place) expired at \(Self.time(outcome)): renew it")
    case CT_NOT_YET_VALID:
      about(
        files.certificate,
        "\(place) is not valid before \(Self.time(outcome)): check the clock, or use another")
    case CT_NO_CLIENT_CA:
      about(files.clientAuthorities ?? "", "holds no certificate in PEM of an authority")
    default: about(files.certificate, "OpenSSL refuses it or its key: \(words)")
    }
  }

  private func about(_ file: String, _ reason: String) -> CertificateProblem {
    CertificateProblem(file: file, reason: reason)
  }

  private static func time(_ outcome: ct_outcome) -> String {
    var text: [UInt8] = []
    UnixTime(seconds: outcome.time).append(to: &text, .seconds)
    return String(decoding: text, as: UTF8.self)
  }

  static func words(_ outcome: ct_outcome) -> String {
    unsafe withUnsafeBytes(of: outcome.words) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
