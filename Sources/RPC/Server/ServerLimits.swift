/// Bounds of a server. Every one is enforced, and the answer past it names it.
public struct ServerLimits: Sendable {
  /// Bytes of one request message; over it a call ends with RESOURCE_EXHAUSTED.
  public var messageSize = 16 << 20
  /// Header list size of a request (RFC 9113: name + value + 32 per field).
  public var headerSize = 16 << 10
  /// Calls of one connection: open streams, and handlers that still run after theirs closed.
  /// Announced as SETTINGS_MAX_CONCURRENT_STREAMS; streams over it are refused.
  public var callsPerConnection = 256
  /// Running calls of the whole server; streams over it are refused.
  public var calls = 16_384
  /// Bytes of messages that wait on one connection, in both directions together, or whose calls
  /// still run; calls over it end with RESOURCE_EXHAUSTED.
  public var memoryPerConnection = 256 << 20
  /// The same on all connections together.
  public var memory = 1 << 30
  /// Open connections; those over it are closed on arrival.
  public var connections = 10_000
  /// Bytes that wait on one call to be sent before its handler is suspended.
  public var sendQueue = 64 << 10
  /// Bytes a client may send ahead on one stream, and on all streams of a connection.
  public var streamWindow = 1 << 20
  public var connectionWindow = 16 << 20
  /// Streams a client may reset in a row, and then per second, before its connection ends.
  public var resetBurst = 5_000
  public var resetsPerSecond = 1_000
  /// Time for a new connection to say the HTTP/2 preface and its settings, and to acknowledge ours.
  public var handshakeTimeout = Duration.seconds(20)
  /// Time for the header fields of a call to come in, from their first byte to their last.
  public var headerTimeout = Duration.seconds(20)
  /// Time in which a request message that has begun, or is owed, must come to its end or get on by
  /// some KiB; after it the call ends with DEADLINE_EXCEEDED.
  public var messageTimeout = Duration.seconds(60)
  /// Time in which a client must read something of an answer that waits for it; after it the call
  /// ends with DEADLINE_EXCEEDED.
  public var readerTimeout = Duration.seconds(300)
  /// Time that a connection may be without calls before it is asked to leave (GOAWAY of NO_ERROR);
  /// gRPC's clients connect again with their next call.
  public var connectionIdle = Duration.seconds(1_800)
  /// DATA frames without payload or end that a client may send in a row, and then per second,
  /// before its connection ends.
  public var emptyFramesPerSecond = 1_000
  /// Bytes of header list size that a client may send over `headerSize` at once, and then per
  /// second, before its connection ends. In heads that are ignored (of streams over the announced
  /// number, or closed already) each byte counts as four.
  public var excessHeaderSizePerSecond = 1 << 20
  /// Bytes of one call's response metadata, percent-encoded message included.
  public var responseMetadataSize = 8 << 10

  public init() {}
}

/// The name of a limit wherever people meet it: as a flag, in logs and in metrics. As the cause of
/// a call's status it says which limit ended the call.
public enum Limit: String, Error, Sendable, CaseIterable, CustomStringConvertible {
  case messageSize = "max-message-size"
  case headerSize = "max-header-size"
  case callsPerConnection = "max-calls-per-connection"
  case calls = "max-calls"
  case memoryPerConnection = "max-connection-memory"
  case memory = "max-memory"
  case connections = "max-connections"
  case sendQueue = "send-queue"
  case streamWindow = "stream-window"
  case connectionWindow = "connection-window"
  case resetBurst = "reset-burst"
  case resetsPerSecond = "resets-per-second"
  case handshakeTimeout = "handshake-timeout"
  case headerTimeout = "header-timeout"
  case messageTimeout = "message-timeout"
  case readerTimeout = "reader-timeout"
  case connectionIdle = "max-connection-idle"
  case emptyFramesPerSecond = "empty-frames-per-second"
  case excessHeaderSizePerSecond = "excess-header-size-per-second"
  case responseMetadataSize = "max-response-metadata"

  public var description: String { "the limit \(rawValue)" }
}
