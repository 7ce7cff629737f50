/// Hears of connections that the server could not take in: for logs.
public protocol ConnectionObserver: Sendable {
  /// Called on a loop, for each reason at most once in ten seconds; must not block.
  func connectionsRefused(_ refused: RefusedConnections)
}

/// Connections that were closed on arrival, or that the system could not give.
public struct RefusedConnections: Sendable, Equatable {
  /// How many since the last report of this reason.
  public let count: Int
  /// What ran out, and what to do about it.
  public let reason: String

  public init(count: Int, reason: String) {
    self.count = count
    self.reason = reason
  }
}
