/// When calls are kept away from a version.
package struct BreakerSettings: Sendable, Equatable {
  /// Share of the window's calls that fail for it to open; 0 is no breaker.
  package var failureShare = 0.5
  /// A call that takes longer counts as failed; nil for no bound.
  package var latency: Duration?
  /// Calls that the window must hold for their share to mean something.
  package var minimumCalls = 20
  /// How far back calls count.
  package var window: Duration = .seconds(10)
  /// From its opening to the first call that tries again.
  package var pause: Duration = .seconds(5)
  /// Whether a call that found the queue full counts as failed.
  package var countsOverload = false

  /// How long a model must have computed for a deadline that passes meanwhile to count as failed:
  /// callers who allow less learn nothing of it, and must not close it to others.
  var leastOverrun: Duration { latency ?? .seconds(1) }

  /// Calls in a row that must succeed, one at a time, for it to close.
  static let probes = 3

  package init() {}
}
