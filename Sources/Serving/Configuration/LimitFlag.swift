package import RPC

/// A flag of `apus serve` that sets one of the server's limits. The table holds one for each, so
/// that help, parsing and defaults cannot differ.
package struct LimitFlag: Sendable {
  private enum Field: Sendable {
    case count(any WritableKeyPath<ServerLimits, Int> & Sendable, ClosedRange<Int>)
    case bytes(any WritableKeyPath<ServerLimits, Int> & Sendable, ClosedRange<Int>)
    case time(any WritableKeyPath<ServerLimits, Duration> & Sendable, ClosedRange<Duration>)
  }

  package let limit: Limit
  package let help: String
  private let field: Field

  /// Without the dashes.
  package var name: String { limit.rawValue }

  package var placeholder: String {
    switch field {
    case .count: "N"
    case .bytes: "SIZE"
    case .time: "TIME"
    }
  }

  /// The default, as the flag takes it.
  package var initial: String {
    let limits = ServerLimits()
    return switch field {
    case .count(let path, _): "\(limits[keyPath: path])"
    case .bytes(let path, _): Quantity.text(bytes: limits[keyPath: path])
    case .time(let path, _): Quantity.text(limits[keyPath: path])
    }
  }

  /// What may be given, in words.
  package var expected: String {
    switch field {
    case .count(_, let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .bytes(_, let range):
      "a size from \(Quantity.text(bytes: range.lowerBound)) to "
        + Quantity.text(bytes: range.upperBound)
    case .time(_, let range):
      "a time from \(Quantity.text(range.lowerBound)) to \(Quantity.text(range.upperBound))"
    }
  }

  /// - Returns: false, and changes nothing, if `text` is not what is expected.
  package func set(_ text: String, in limits: inout ServerLimits) -> Bool {
    switch field {
    case .count(let path, let range):
      guard let count = Int(text), range.contains(count) else { return false }
      limits[keyPath: path] = count
    case .bytes(let path, let range):
      guard let bytes = Quantity.bytes(text), range.contains(bytes) else { return false }
      limits[keyPath: path] = bytes
    case .time(let path, let range):
      guard let time = Quantity.duration(text), range.contains(time) else { return false }
      limits[keyPath: path] = time
    }
    return true
  }
}

extension LimitFlag {
  private init(_ limit: Limit, _ help: String, _ field: Field) {
    self.limit = limit
    self.help = help
    self.field = field
  }

  private static let kibi = 1 << 10
  private static let mebi = 1 << 20
  private static let gibi = 1 << 30

  package static let all = [
    LimitFlag(.messageSize, "largest request message", .bytes(\.messageSize, kibi...2 * gibi)),
    LimitFlag(.headerSize, "largest header list", .bytes(\.headerSize, kibi...mebi)),
    LimitFlag(.connections, "open connections", .count(\.connections, 1...1_000_000)),
    LimitFlag(.calls, "running calls of the whole server", .count(\.calls, 1...10_000_000)),
    LimitFlag(
      .callsPerConnection, "running calls of one connection",
      .count(\.callsPerConnection, 1...1_000_000)),
    LimitFlag(
      .memoryPerConnection, "bytes waiting on a connection",
      .bytes(\.memoryPerConnection, 64 * kibi...1_024 * gibi)),
    LimitFlag(
      .memory, "bytes waiting on all connections", .bytes(\.memory, mebi...4_096 * gibi)),
    LimitFlag(
      .sendQueue, "bytes waiting on a call before its handler is suspended",
      .bytes(\.sendQueue, kibi...gibi)),
    LimitFlag(
      .streamWindow, "bytes a client may send ahead on a call",
      .bytes(\.streamWindow, 16 * kibi...gibi)),
    LimitFlag(
      .connectionWindow, "bytes a client may send ahead on a connection",
      .bytes(\.connectionWindow, 64 * kibi...gibi)),
    // Message, details and twice metadata must stay under the 64 KiB of headers that nghttp2 sends.
    LimitFlag(
      .responseMetadataSize, "largest metadata of an answer",
      .bytes(\.responseMetadataSize, kibi...16 * kibi)),
    LimitFlag(
      .handshakeTimeout, "from a connection's start to the end of its HTTP/2 handshake",
      .time(\.handshakeTimeout, .milliseconds(100)...(.seconds(3_600)))),
    LimitFlag(
      .resetBurst, "calls that a client may reset in a row", .count(\.resetBurst, 1...1_000_000)),
    LimitFlag(
      .resetsPerSecond, "resets per second that follow a burst",
      .count(\.resetsPerSecond, 1...1_000_000)),
  ]
}
