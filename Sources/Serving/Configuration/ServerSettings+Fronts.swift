internal import REST
internal import RPC

// What the two fronts take.

extension ServerSettings {
  static let grpc = [
    Entry(
      "grpc", in: .grpc, key: "address", "host:port or unix:/path",
      .address {
        $0.address
      } write: {
        $0.address = $1
      }),
    grpc(.messageSize, "largest request message", .size(\.limits.messageSize, kibi...2 * gibi)),
    grpc(.headerSize, "largest header list", .size(\.limits.headerSize, kibi...mebi)),
    grpc(.connections, "open connections", .count(\.limits.connections, 1...1_000_000)),
    grpc(
      .calls, "running calls of the whole server", .count(\.limits.calls, 1...10_000_000)),
    grpc(
      .callsPerConnection, "running calls of one connection",
      .count(\.limits.callsPerConnection, 1...1_000_000)),
    grpc(
      .memoryPerConnection, "bytes waiting on a connection",
      .size(\.limits.memoryPerConnection, 64 * kibi...1_024 * gibi)),
    grpc(
      .memory, "bytes waiting on all connections", .size(\.limits.memory, mebi...4_096 * gibi)),
    grpc(
      .sendQueue, "bytes waiting on a call before its handler is suspended",
      .size(\.limits.sendQueue, kibi...gibi)),
    grpc(
      .streamWindow, "bytes a client may send ahead on a call",
      .size(\.limits.streamWindow, 16 * kibi...gibi)),
    grpc(
      .connectionWindow, "bytes a client may send ahead on a connection",
      .size(\.limits.connectionWindow, 64 * kibi...gibi)),
    // Message, details and twice metadata must stay under the 64 KiB of headers that nghttp2 sends.
    grpc(
      .responseMetadataSize, "largest metadata of an answer",
      .size(\.limits.responseMetadataSize, kibi...16 * kibi)),
    grpc(
      .handshakeTimeout, "from a connection's start to the end of its HTTP/2 handshake",
      .time(\.limits.handshakeTimeout, .milliseconds(100)...(.seconds(3_600)))),
    grpc(
      .headerTimeout, "for the header fields of a call to come in",
      .time(\.limits.headerTimeout, .milliseconds(100)...(.seconds(3_600)))),
    grpc(
      .messageTimeout, "for a request message to end, or to get on by some KiB",
      .time(\.limits.messageTimeout, .milliseconds(100)...(.seconds(3_600)))),
    grpc(
      .readerTimeout, "for a client to read something of an answer that waits",
      .time(\.limits.readerTimeout, .milliseconds(100)...(.seconds(86_400)))),
    grpc(
      .connectionIdle, "a gRPC connection may be without calls",
      .time(\.limits.connectionIdle, .milliseconds(100)...(.seconds(86_400)))),
    grpc(
      .resetBurst, "calls that a client may reset in a row",
      .count(\.limits.resetBurst, 1...1_000_000)),
    grpc(
      .resetsPerSecond, "resets per second that follow a burst",
      .count(\.limits.resetsPerSecond, 1...1_000_000)),
    grpc(
      .emptyFramesPerSecond, "empty DATA frames in a row, and then per second",
      .count(\.limits.emptyFramesPerSecond, 1...1_000_000)),
    grpc(
      .excessHeaderSizePerSecond, "bytes of fields over max-header-size at once, and per second",
      .size(\.limits.excessHeaderSizePerSecond, 64 * kibi...gibi)),
  ]

  static let http = [
    Entry(
      "http", in: .http, key: "address", "the same for HTTP, or off",
      .address(orOff: true) {
        $0.httpAddress ?? "off"
      } write: {
        $0.httpAddress = $1 == "off" ? nil : $1
      }),
    Entry(
      "http-origins", in: .http, "web pages that may call: origins with commas between, or *",
      .list(expected: "origins such as https://app.example.com, or *", unset: "none") {
        $0.httpOrigins
      } write: { root, origins throws(SettingProblem) in
        guard origins.allSatisfy(isOrigin) else { throw .unexpected }
        root.httpOrigins = origins
      }),
    http(.bodySize, "largest body of an HTTP request", .size(\.httpLimits.bodySize, kibi...gibi)),
    http(
      .headerSize, "largest HTTP request line and header fields",
      .size(\.httpLimits.headerSize, kibi...mebi)),
    http(.targetSize, "longest HTTP path and query", .size(\.httpLimits.targetSize, 256...mebi)),
    http(
      .bodies, "bytes of all HTTP bodies together",
      .size(\.httpLimits.bodies, mebi...1_024 * gibi)),
    http(.connections, "open HTTP connections", .count(\.httpLimits.connections, 1...1_000_000)),
    http(
      .connectionsPerAddress, "open HTTP connections from one address",
      .count(\.httpLimits.connectionsPerAddress, 1...1_000_000)),
    http(
      .headTime, "for an HTTP request's line and header fields to come in",
      .time(\.httpLimits.headTime, .milliseconds(100)...(.seconds(3_600)))),
    http(
      .bodyTime, "for an HTTP request's body to come in",
      .time(\.httpLimits.bodyTime, .milliseconds(100)...(.seconds(3_600)))),
    http(
      .idleTime, "an HTTP connection may be idle, in whole seconds",
      .time(\.httpLimits.idleTime, .seconds(1)...(.seconds(3_600)))),
    http(
      .jsonDepth, "levels of arrays and objects in JSON", .count(\.httpLimits.jsonDepth, 4...512)),
    http(
      .jsonValues, "values in a JSON body", .count(\.httpLimits.jsonValues, 16...(1 << 26))),
    http(.choices, "choices of one OpenAI request", .count(\.httpLimits.choices, 1...1_024)),
    http(
      .eventQueue, "events of a stream that wait before its handler is suspended",
      .count(\.httpLimits.eventQueue, 1...4_096)),
  ]

  static let tls = [
    Entry(
      "tls-certificate", in: .tls, "certificate of both fronts in PEM, then those up to a root",
      .text("FILE", \.tls.certificate, expected: "a file", unset: "no TLS")),
    Entry(
      "tls-key", in: .tls, "its private key in PEM",
      .text("FILE", \.tls.key, expected: "a file", unset: "no TLS")),
    Entry(
      "tls-client-ca", in: .tls, "clients must have a certificate that one of these has signed",
      .text("FILE", \.tls.clientAuthorities, expected: "a file", unset: "they need none")),
  ]

  /// As browsers send it: scheme, host and port, without a path. Another would never match.
  private static func isOrigin(_ text: String) -> Bool {
    if text == "*" || text == "null" { return true }
    guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else {
      return false
    }
    let rest = text.utf8.dropFirst(scheme.utf8.count)
    return !rest.isEmpty && !rest.contains { [0x2f, 0x20, 0x2a, 0x3f, 0x23].contains($0) }
  }

  private static func grpc(
    _ limit: Limit, _ help: String, _ value: SettingValue<ServerConfiguration>
  ) -> Entry { Entry(limit.rawValue, in: .grpc, help, value) }

  private static func http(
    _ limit: HTTPLimit, _ help: String, _ value: SettingValue<ServerConfiguration>
  ) -> Entry { Entry(limit.rawValue, in: .http, help, value) }
}

extension SettingValue {
  /// Whether anybody can listen there is another matter.
  fileprivate static func address(
    orOff: Bool = false, read: @escaping @Sendable (Root) -> String,
    write: @escaping @Sendable (inout Root, String) -> Void
  ) -> Self {
    Self("ADDRESS", expected: "host:port or unix:/path", read: read) {
      root, text throws(SettingProblem) in
      if !(orOff && text == "off"),
        let problem = ServerConfiguration.problem(withAddress: text)
      {
        throw .reason(problem)
      }
      write(&root, text)
    }
  }
}
