package import Messages
internal import Synchronization

/// A cache in the memory of this process, in parts under locks of their own that are held for a
/// fraction of a microsecond. It takes no memory before it keeps something.
package final class MemoryCache: ResponseCache {
  /// What a waiting call is told.
  private enum News: Sendable {
    case answer(CachedAnswer)
    case lead(CacheFlight)
    case failed(Status)
    case cancelled
  }

  private typealias Waiter = CheckedContinuation<News, Never>

  private struct State {
    var shard: CacheShard
    var waiting: [Int: Waiter] = [:]
    var waiters = 0

    mutating func take(_ numbers: [Int]) -> [Waiter] {
      numbers.compactMap { waiting.removeValue(forKey: $0) }
    }
  }

  private final class Part: Sendable {
    let state: Mutex<State>
    init(_ shard: CacheShard) { state = Mutex(State(shard: shard)) }
  }

  private let parts: [Part]
  private let turn = Atomic(0)

  package init(_ options: CacheOptions) {
    let count = options.shards
    parts = (0..<count).map { _ in
      Part(CacheShard(budget: options.size / count, entrySize: options.entrySize))
    }
  }

  private func part(of key: CacheKey) -> Part {
    // The table within the part goes by the lower bits.
    parts[Int(truncatingIfNeeded: UInt(bitPattern: key.digest) >> 48) & (parts.count - 1)]
  }

  package func claim(
    _ key: CacheKey, joining: Bool, at now: ContinuousClock.Instant
  ) async throws -> CacheClaim {
    let part = part(of: key)
    switch part.state.withLock({ $0.shard.claim(key, waiter: nil, at: now) }) {
    case .hit(let answer): return .hit(answer)
    case .lead(let flight): return .compute(flight)
    case .busy, .waits: return joining ? try await join(key, part, at: now) : .compute(nil)
    }
  }

  /// Asks once more, to wait this time; what was being computed may be there by now.
  private func join(
    _ key: CacheKey, _ part: Part, at now: ContinuousClock.Instant
  ) async throws -> CacheClaim {
    let number = part.state.withLock { state in
      state.waiters += 1
      return state.waiters
    }
    let news = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let news = Self.enter(continuation, number, key, part, at: now)
        if let news { continuation.resume(returning: news) }
      }
    } onCancel: {
      let waiter = part.state.withLock { state in
        state.shard.leave(key, waiter: number)
        return state.waiting.removeValue(forKey: number)
      }
      waiter?.resume(returning: .cancelled)
    }
    switch news {
    case .answer(let answer): return .joined(answer)
    case .lead(let flight): return .compute(flight)
    case .failed(let status): return .failed(status)
    case .cancelled: throw CancellationError()
    }
  }

  /// - Returns: nil where the call waits.
  private static func enter(
    _ continuation: Waiter, _ number: Int, _ key: CacheKey, _ part: Part,
    at now: ContinuousClock.Instant
  ) -> News? {
    part.state.withLock { state in
      // Whoever cancels later than this finds the waiter under the lock.
      if Task.isCancelled { return .cancelled }
      switch state.shard.claim(key, waiter: number, at: now) {
      case .hit(let answer): return .answer(answer)
      case .lead(let flight): return .lead(flight)
      case .waits, .busy:
        state.waiting[number] = continuation
        return nil
      }
    }
  }

  package func complete(
    _ key: CacheKey, _ flight: CacheFlight?, _ answer: CachedAnswer, lifetime: Duration,
    at now: ContinuousClock.Instant
  ) {
    let waiters = part(of: key).state.withLock { state in
      state.take(state.shard.complete(key, answer, until: now + lifetime, at: now))
    }
    for waiter in waiters { waiter.resume(returning: .answer(answer)) }
  }

  package func abandon(_ key: CacheKey, _ flight: CacheFlight?, failure: Status?) {
    guard let flight else { return }
    let part = part(of: key)
    if let failure {
      let waiters = part.state.withLock { $0.take($0.shard.fail(key, flight)) }
      for waiter in waiters { waiter.resume(returning: .failed(failure)) }
      return
    }
    let next = part.state.withLock { state -> (Waiter, CacheFlight)? in
      guard let (number, flight) = state.shard.handOver(key, flight),
        let waiter = state.waiting.removeValue(forKey: number)
      else { return nil }
      return (waiter, flight)
    }
    if let (waiter, flight) = next { waiter.resume(returning: .lead(flight)) }
  }

  package func keepOnly(generations: Set<UInt64>) {
    for part in parts {
      part.state.withLock { $0.shard.keepOnly(generations: generations) }
    }
  }

  /// Takes out what has expired among the oldest entries of one part, the parts taking turns. To be
  /// called about once a second.
  package func expire(at now: ContinuousClock.Instant) {
    let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    let part = parts[turn & (parts.count - 1)]
    part.state.withLock { $0.shard.expire(at: now, among: 1000) }
  }

  /// What there is, for metrics.
  package var figures: CacheFigures {
    var figures = CacheFigures()
    for part in parts {
      part.state.withLock { state in
        figures.entries += state.shard.store.count
        figures.bytes += state.shard.store.bytes
        figures.evictions += state.shard.store.evictions
        figures.oversized += state.shard.oversized
        figures.computing += state.shard.computing
        figures.waiting += state.waiting.count
      }
    }
    return figures
  }
}

package struct CacheFigures: Sendable, Equatable {
  package var entries = 0
  package var bytes = 0
  package var evictions = 0
  /// Answers that were too large to be kept.
  package var oversized = 0
  /// Requests that are being computed, and calls that wait for them.
  package var computing = 0
  package var waiting = 0
}
