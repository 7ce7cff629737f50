package import TLS

/// Where the fronts' certificate is; they speak TLS if there is one.
package struct TLSOptions: Sendable {
  package var certificate: String?
  package var key: String?
  /// Who signs the certificates of clients; nil where they need none.
  package var clientAuthorities: String?

  package init() {}

  /// Nil for fronts without TLS.
  package var files: CertificateFiles? {
    guard let certificate, let key else { return nil }
    return CertificateFiles(
      certificate: certificate, key: key, clientAuthorities: clientAuthorities)
  }

  /// What is said by halves, and the fix.
  var problem: String? {
    switch (certificate, key) {
    case (_?, nil): "--tls-certificate needs the file of its key: --tls-key FILE"
    case (nil, _?): "--tls-key needs the file of its certificate: --tls-certificate FILE"
    case (nil, nil) where clientAuthorities != nil:
      "--tls-client-ca needs --tls-certificate and --tls-key: without TLS no client shows a "
        + "certificate"
    default: nil
    }
  }
}
