internal import EventLoop
internal import Metrics
internal import REST
internal import RPC
internal import Synchronization
internal import TLS
internal import Time

/// The certificate that the fronts show: read at the start, and again on each SIGHUP.
///
/// One that cannot be used leaves the one before in force: a server that serves is worth more than
/// one that is right.
final class Certificates: Sendable {
  /// gRPC's terms: its clients need HTTP/2 to be agreed on, and some refuse a server that does not.
  let grpc: TLSTerms
  let http: TLSTerms
  private let files: CertificateFiles
  private let log: Log

  /// What is left of a certificate when the log begins to warn.
  private static let notice = Duration.seconds(14 * 86_400)

  /// - Returns: nil for fronts without TLS.
  /// - Throws: saying which file is wrong, and what to do.
  static func open(
    _ configuration: ServerConfiguration, metrics: Registry, log: Log
  ) throws(ConfigurationError) -> Certificates? {
    guard let files = configuration.tls.files else { return nil }
    return try Certificates(files, configuration, metrics: metrics, log: log)
  }

  private init(
    _ files: CertificateFiles, _ configuration: ServerConfiguration, metrics: Registry, log: Log
  ) throws(ConfigurationError) {
    self.files = files
    self.log = log
    do throws(CertificateProblem) {
      let (first, second) = try Self.read(files)
      let handshakes = metrics.counters(
        "apus_tls_handshakes_total", help: "TLS handshakes that ended.",
        labels: ["front", "outcome"])
      func observer(_ front: String) -> TLSTerms.Observer {
        let (done, failed) = (handshakes.with(front, "ok"), handshakes.with(front, "failed"))
        return { peer, error in
          guard let error else { return done.increment() }
          failed.increment()
          // Whoever scans ports makes one after the other.
          log.debug(
            "TLS handshake failed", ("front", .text(front)), ("peer", .text("\(peer)")),
            ("reason", .text("\(error)")))
        }
      }
      grpc = TLSTerms(
        first, limit: configuration.limits.handshakeTimeout, handshakeEnded: observer("grpc"))
      http = TLSTerms(
        second, limit: configuration.httpLimits.headTime, handshakeEnded: observer("http"))
    } catch {
      throw ConfigurationError(file: error.file, error.reason)
    }
    let terms = grpc
    metrics.sampled(
      "apus_tls_certificate_expiry_seconds",
      help: "When the certificate, or one of its chain, expires: Unix time.", kind: .gauge
    ) { Double(terms.context.expiry) }
  }

  /// What the log says of the one in force.
  func tell() { tell("TLS is on") }

  /// Takes over what the files hold now, for connections from here on.
  func reload() {
    do throws(CertificateProblem) {
      let (first, second) = try Self.read(files)
      grpc.replace(first)
      http.replace(second)
      tell("certificate reloaded")
    } catch {
      log.error(
        "certificate not reloaded: the one before stays in force",
        ("problem", .text("\(error)")), ("expires", .text(expiry)))
    }
  }

  private static func read(
    _ files: CertificateFiles
  ) throws(CertificateProblem) -> (grpc: TLSContext, http: TLSContext) {
    let texts = try files.read()
    return (
      try TLSContext(texts, protocol: "h2", .required),
      try TLSContext(texts, protocol: "http/1.1", .assumed)
    )
  }

  private var expiry: String {
    var text: [UInt8] = []
    UnixTime(seconds: grpc.context.expiry).append(to: &text, .seconds)
    return String(decoding: text, as: UTF8.self)
  }

  private func tell(_ event: StaticString) {
    let context = grpc.context
    log.info(
      event, ("certificate", .text(files.certificate)), ("serial", .text(context.serial)),
      ("expires", .text(expiry)))
    if UnixTime.now().advanced(by: Self.notice) > UnixTime(seconds: context.expiry) {
      log.warning(
        "the certificate expires soon", ("certificate", .text(files.certificate)),
        ("expires", .text(expiry)),
        ("advice", .text("write the new one and its key to the same files, then kill -HUP")))
    }
  }
}
