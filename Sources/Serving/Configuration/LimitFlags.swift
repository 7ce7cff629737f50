internal import Caching
package import REST
package import RPC

extension ServerLimits: FlaggedValues {}
extension HTTPLimits: FlaggedValues {}
extension ServerConfiguration: FlaggedValues {}

/// The flags of all limits: those of the fronts, and those of the server itself.
package enum LimitFlags {
  private static let kibi = 1 << 10
  private static let mebi = 1 << 20
  private static let gibi = 1 << 30

  package static let grpc: [LimitFlag<ServerLimits>] = [
    flag(.messageSize, "largest request message", .bytes(\.messageSize, kibi...2 * gibi)),
    flag(.headerSize, "largest header list", .bytes(\.headerSize, kibi...mebi)),
    flag(.connections, "open connections", .count(\.connections, 1...1_000_000)),
    flag(.calls, "running calls of the whole server", .count(\.calls, 1...10_000_000)),
    flag(
      .callsPerConnection, "running calls of one connection",
      .count(\.callsPerConnection, 1...1_000_000)),
    flag(
      .memoryPerConnection, "bytes waiting on a connection",
      .bytes(\.memoryPerConnection, 64 * kibi...1_024 * gibi)),
    flag(
      .memory, "bytes waiting on all connections", .bytes(\.memory, mebi...4_096 * gibi)),
    flag(
      .sendQueue, "bytes waiting on a call before its handler is suspended",
      .bytes(\.sendQueue, kibi...gibi)),
    flag(
      .streamWindow, "bytes a client may send ahead on a call",
      .bytes(\.streamWindow, 16 * kibi...gibi)),
    flag(
      .connectionWindow, "bytes a client may send ahead on a connection",
      .bytes(\.connectionWindow, 64 * kibi...gibi)),
    // Message, details and twice metadata must stay under the 64 KiB of headers that nghttp2 sends.
    flag(
      .responseMetadataSize, "largest metadata of an answer",
      .bytes(\.responseMetadataSize, kibi...16 * kibi)),
    flag(
      .handshakeTimeout, "from a connection's start to the end of its HTTP/2 handshake",
      .time(\.handshakeTimeout, .milliseconds(100)...(.seconds(3_600)))),
    flag(
      .headerTimeout, "for the header fields of a call to come in",
      .time(\.headerTimeout, .milliseconds(100)...(.seconds(3_600)))),
    flag(
      .connectionIdle, "a gRPC connection may be without calls",
      .time(\.connectionIdle, .milliseconds(100)...(.seconds(86_400)))),
    flag(
      .resetBurst, "calls that a client may reset in a row", .count(\.resetBurst, 1...1_000_000)),
    flag(
      .resetsPerSecond, "resets per second that follow a burst",
      .count(\.resetsPerSecond, 1...1_000_000)),
    flag(
      .emptyFramesPerSecond, "empty DATA frames in a row, and then per second",
      .count(\.emptyFramesPerSecond, 1...1_000_000)),
  ]

  package static let http: [LimitFlag<HTTPLimits>] = [
    flag(.bodySize, "largest body of an HTTP request", .bytes(\.bodySize, kibi...gibi)),
    flag(
      .headerSize, "largest HTTP request line and header fields",
      .bytes(\.headerSize, kibi...mebi)),
    flag(.targetSize, "longest HTTP path and query", .bytes(\.targetSize, 256...mebi)),
    flag(.bodies, "bytes of all HTTP bodies together", .bytes(\.bodies, mebi...1_024 * gibi)),
    flag(.connections, "open HTTP connections", .count(\.connections, 1...1_000_000)),
    flag(
      .connectionsPerAddress, "open HTTP connections from one address",
      .count(\.connectionsPerAddress, 1...1_000_000)),
    flag(
      .headTime, "for an HTTP request's line and header fields to come in",
      .time(\.headTime, .milliseconds(100)...(.seconds(3_600)))),
    flag(
      .bodyTime, "for an HTTP request's body to come in",
      .time(\.bodyTime, .milliseconds(100)...(.seconds(3_600)))),
    flag(
      .idleTime, "an HTTP connection may be idle, in whole seconds",
      .time(\.idleTime, .seconds(1)...(.seconds(3_600)))),
    flag(.jsonDepth, "levels of arrays and objects in JSON", .count(\.jsonDepth, 4...512)),
    flag(.jsonValues, "values in a JSON body", .count(\.jsonValues, 16...(1 << 26))),
    flag(.choices, "choices of one OpenAI request", .count(\.choices, 1...1_024)),
    flag(
      .eventQueue, "events of a stream that wait before its handler is suspended",
      .count(\.eventQueue, 1...4_096)),
  ]

  package static let server: [LimitFlag<ServerConfiguration>] = [
    LimitFlag(
      "max-long-texts", "requests with long texts that may wait",
      .count(\.longTexts, 1...100_000)),
    LimitFlag(
      "cache-size", "memory for answers of models that keep them; 0 keeps none",
      .bytes(\.cache.size, 0...1_024 * gibi)),
    LimitFlag(
      "cache-entry-size", "largest answer that is kept, with its request",
      .bytes(\.cache.entrySize, kibi...gibi)),
    LimitFlag(
      "drain-delay", "from SIGTERM and not ready to GOAWAY",
      .time(\.drainDelay, .zero...(.seconds(3_600)))),
    LimitFlag(
      "drain-grace", "from GOAWAY until all is closed",
      .time(\.drainGrace, .zero...(.seconds(86_400)))),
    LimitFlag(
      "stuck-after", "a batch this long means not ready",
      .time(\.stuckAfter, .milliseconds(100)...(.seconds(86_400)))),
    LimitFlag(
      "models-period", "from one look at the models folder to the next",
      .time(\.modelsPeriod, .milliseconds(100)...(.seconds(86_400)))),
    LimitFlag(
      "s3-period", "from one listing of a bucket of models to the next",
      .time(\.s3.period, .milliseconds(100)...(.seconds(86_400)))),
    LimitFlag(
      "s3-cache-size", "bytes of models from each bucket that are kept",
      .bytes(\.s3.cacheSize, mebi...524_288 * gibi)),
  ]

  package static let jobs: [LimitFlag<JobOptions>] = [
    LimitFlag("jobs-waiting", "jobs that wait", .count(\.waiting, 1...1_000_000)),
    LimitFlag(
      "jobs-waiting-per-key", "jobs of one key that wait", .count(\.waitingPerKey, 1...1_000_000)),
    LimitFlag(
      "jobs-result-size", "largest result that is kept", .bytes(\.resultSize, kibi...64 * mebi)),
    LimitFlag(
      "jobs-retention", "jobs that have ended are kept for",
      .time(\.retention, .seconds(60)...(.seconds(315_360_000)))),
    LimitFlag("jobs-at-once", "jobs that are worked on at once", .count(\.atOnce, 1...1_000)),
    LimitFlag(
      "jobs-time-limit", "for the work on one job",
      .time(\.timeLimit, .seconds(1)...(.seconds(604_800)))),
    LimitFlag(
      "webhook-timeout", "for a webhook's receiver to answer",
      .time(\.webhookTimeout, .milliseconds(100)...(.seconds(300)))),
  ]

  private static func flag(
    _ limit: Limit, _ help: String, _ field: LimitFlag<ServerLimits>.Field
  ) -> LimitFlag<ServerLimits> {
    LimitFlag(limit.rawValue, help, field)
  }

  private static func flag(
    _ limit: HTTPLimit, _ help: String, _ field: LimitFlag<HTTPLimits>.Field
  ) -> LimitFlag<HTTPLimits> {
    LimitFlag(limit.rawValue, help, field)
  }
}
