internal import CTLS
package import Time

/// What all sessions of one front share: certificate, key, and what is agreed with whom. It never
/// changes: a new certificate is a new context, and sessions keep that with which they began.
///
/// `@unchecked Sendable`: OpenSSL counts references to its context under a lock of its own, and
/// nobody writes to it once it is made.
@safe
package final class TLSContext: @unchecked Sendable {
  /// Of the ALPN protocol (RFC 7301).
  package enum Demand: Sendable {
    /// Who does not offer it is refused.
    case required
    /// Who says nothing is taken to mean it.
    case assumed
  }

  let handle: OpaquePointer

  private init(_ handle: OpaquePointer) { unsafe self.handle = handle }

  deinit { unsafe ct_context_free(handle) }

  /// A server's.
  package convenience init(
    _ texts: CertificateTexts, protocol name: String, _ demand: Demand, now: UnixTime = .now()
  ) throws(CertificateProblem) {
    var outcome = ct_outcome()
    let made = unsafe Self.lend(texts.certificate) { certificate in
      unsafe Self.lend(texts.key) { key in
        unsafe Self.lend(texts.clientAuthorities ?? []) { authorities in
          unsafe ct_server(
            certificate, key, authorities, name, demand == .required ? 1 : 0,
            Int64(now.seconds), &outcome)
        }
      }
    }
    guard let made = unsafe made else { throw texts.problem(outcome) }
    unsafe self.init(made)
  }

  /// A client's.
  ///
  /// - Parameter authorities: a file in PEM of whom to trust; nil for whom the system does.
  package convenience init(
    trusting authorities: String?, protocol name: String
  ) throws(CertificateProblem) {
    let bytes = try authorities.map(CertificateFiles.read) ?? []
    var outcome = ct_outcome()
    let made = unsafe Self.lend(bytes) { unsafe ct_client($0, name, &outcome) }
    guard let made = unsafe made else {
      let words = CertificateTexts.words(outcome)
      throw CertificateProblem(
        file: authorities ?? "the system's authorities",
        reason: outcome.problem == CT_NO_CLIENT_CA
          ? "holds no certificate in PEM of an authority" : "OpenSSL refuses them: \(words)")
    }
    unsafe self.init(made)
  }

  /// When the first certificate of the chain expires: seconds since 1970, UTC.
  package var expiry: Int64 { unsafe ct_expiry(handle) }

  /// The serial number of the server's own certificate, in hexadecimal digits.
  package var serial: String { unsafe String(cString: ct_serial(handle)) }

  private static func lend(
    _ bytes: [UInt8], _ body: (ct_text) -> OpaquePointer?
  ) -> OpaquePointer? {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe body(ct_text(bytes: buffer.baseAddress, count: buffer.count))
    }
  }
}
