package import Messages

/// Answers of models by request, and which of them are being computed: the seam behind which
/// replicas may share them. `MemoryCache` keeps them in one process.
///
///     claim ─▶ hit
///           ├▶ joined: somebody computed it just now, for both
///           ├▶ failed: somebody tried just now, and so would fail whoever tries again
///           └▶ compute ─▶ complete, or abandon: exactly one of the two
package protocol ResponseCache: Sendable {
  /// Asks for an answer. Waits only where another call computes it.
  ///
  /// - Parameter joining: whether to wait for another call's computation; else this one computes
  ///   beside it.
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  func claim(
    _ key: CacheKey, joining: Bool, at now: ContinuousClock.Instant
  ) async throws -> CacheClaim

  /// Keeps an answer for `lifetime`, and gives it to those who wait for it.
  func complete(
    _ key: CacheKey, _ flight: CacheFlight?, _ answer: CachedAnswer, lifetime: Duration,
    at now: ContinuousClock.Instant
  ) async

  /// Says that there will be no answer from this call.
  ///
  /// - Parameter failure: what those who wait get too; nil where it says nothing about them (a
  ///   client that went, a deadline): then one of them takes over.
  func abandon(_ key: CacheKey, _ flight: CacheFlight?, failure: Status?) async

  /// Forgets the answers of all other loadings of versions than these.
  func keepOnly(generations: Set<UInt64>)
}

package enum CacheClaim: Sendable {
  case hit(CachedAnswer)
  case joined(CachedAnswer)
  case failed(Status)
  case compute(CacheFlight?)
}

/// One computation that others may wait for.
package struct CacheFlight: Sendable, Equatable {
  let number: Int
}
