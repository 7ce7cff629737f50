/// Why a connection's TLS failed, in OpenSSL's words or ours.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  static let outOfMemory = TLSError("no memory for a session")
}

/// What is wrong with a certificate, a key or authorities, and what to do about it.
package struct CertificateProblem: Error, Sendable, Equatable, CustomStringConvertible {
  package let file: String
  package let reason: String

  package var description: String { "\(file): \(reason)" }
}
