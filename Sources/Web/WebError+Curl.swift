internal import Bytes
internal import CCurl

extension WebError {
  /// What libcurl says of a request that failed (https://curl.se/libcurl/c/libcurl-errors.html).
  ///
  /// - Parameters:
  ///   - detail: libcurl's words.
  ///   - progress: since the start, in microseconds: now, and when the connection stood (0 if it
  ///     never did).
  init(
    _ code: CURLcode, host: String, detail: String, progress: (elapsed: Int64, connected: Int64),
    timeouts: WebTimeouts, status: Int?
  ) {
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
      let phase = Self.phase(of: progress, timeouts)
      self.init(.timedOut(phase), host: host, Self.words(for: phase, timeouts), status: status)
    default:
      self.init(
        Self.kind(of: code), host: host, Self.words(for: code) + detail, status: status)
    }
  }

  private static func phase(
    of progress: (elapsed: Int64, connected: Int64), _ timeouts: WebTimeouts
  ) -> Phase {
    if let total = timeouts.total, progress.elapsed / 1000 >= total.milliseconds { return .total }
    return progress.connected == 0 ? .connecting : .stalled
  }

  private static func words(for phase: Phase, _ timeouts: WebTimeouts) -> String {
    switch phase {
    case .connecting: "no connection within \(timeouts.connect)"
    case .stalled: "fewer than \(timeouts.slowest) bytes a second for \(timeouts.stall)"
    case .total: "no complete response within \(timeouts.total ?? .zero)"
    }
  }

  private static func kind(of code: CURLcode) -> Kind {
    switch code {
    case CURLE_URL_MALFORMAT: .invalidRequest
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved
    case CURLE_COULDNT_CONNECT: .unreachable
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_USE_SSL_FAILED:
      .tls
    // The second is its word for an answer without a status line.
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: .malformed
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: .interrupted
    case CURLE_FILESIZE_EXCEEDED: .tooLarge
    default: .failed
    }
  }

  private static func words(for code: CURLcode) -> String {
    switch kind(of: code) {
    case .unresolved: "the name has no address: "
    case .unreachable: "no connection: "
    case .tls: "no trusted encrypted connection: "
    case .malformed: "the answer is not HTTP: "
    case .interrupted: "the connection ended too soon: "
    default: ""
    }
  }

  init(_ refusal: ResponseAssembly.Refusal, host: String, status: Int?) {
    switch refusal {
    case .head(let limit):
      self.init(
        .tooLarge, host: host, "the response's head has over \(limit) bytes", status: status)
    case .body(let limit):
      self.init(
        .tooLarge, host: host, "the response's body has over \(limit) bytes", status: status)
    case .malformed(let what):
      self.init(.malformed, host: host, "the answer is not HTTP: \(what)", status: status)
    case .file(let number):
      self.init(
        .file, host: host, "the body cannot be written: \(SystemWords.of(number))", status: status)
    }
  }
}
