internal import Synchronization
package import Time

/// Counts in the memory of this process.
///
/// Exact: what a key is admitted never exceeds its limits in any window, however many threads ask
/// at once, and nothing is refused that fits; quotas beyond `Meter`'s bounds err on refusing. Keys
/// are spread over shards, each under a lock that is held for a fraction of a microsecond. Memory:
/// about 16 bytes for each request in a key's window, 64 KiB at most a limit; keys that rest cost
/// what is left of their month.
///
/// Months outlive a restart: `load` tells what the store knows, and the ledger saves the changes
/// with its batches. A killed process forgets what its last batch does not hold: the changes of
/// less than 100 ms under load, of a second at most.
package final class MemoryRateLimiter: RateLimiter {
  private struct Shard {
    var meters: [KeyMeter] = []
    var places: [KeyID: Int] = [:]
    /// This month's use of keys that have no meter at present.
    var resting: [KeyID: [String: QuotaUse]] = [:]
    /// Keys with months to be saved.
    var unsaved: [KeyID] = []
    /// Meters at which idle ones are looked for.
    var sweepAt = 64
  }

  private final class ShardBox: Sendable {
    let shard = Mutex(Shard())
  }

  /// Tokens that one call counts for at most, so that no sum of what callers ask for overflows.
  private static let tokenBound = 1_000_000_000
  private static let shardBits: UInt64 = 6
  private let shards = (0..<1 << shardBits).map { _ in ShardBox() }

  package init() {}

  package func admit(
    _ caller: Caller, model: String, tokens: Int, at now: Moment
  ) -> Decision {
    admit(caller, model: model, tokens: tokens, at: now, scope: [.key, .model])
  }

  package func admit(
    _ caller: Caller, standIn model: String, tokens: Int, at now: Moment
  ) -> Decision {
    admit(caller, model: model, tokens: tokens, at: now, scope: .model)
  }

  private func admit(
    _ caller: Caller, model: String, tokens: Int, at now: Moment, scope: LimitScope
  ) -> Decision {
    let tokens = min(max(tokens, 0), Self.tokenBound)
    let verdict = withShard(of: caller.keyID) { shard in
      let place = Self.place(of: caller, at: now, in: &shard)
      let verdict = shard.meters[place]
        .admit(model: model, tokens: tokens, at: now, plan: caller.limits, scope: scope)
      if verdict.mustList { shard.unsaved.append(caller.keyID) }
      return verdict
    }
    if let obstacle = verdict.obstacle {
      return .refused(
        LimitRefusal(
          limit: obstacle.limit, retryAfter: obstacle.wait, readings: verdict.readings,
          policy: verdict.policy))
    }
    let charge = AdmissionCharge(
      keyID: caller.keyID, model: verdict.model, tokens: tokens, takesPlace: !model.isEmpty,
      time: verdict.time, scope: scope)
    return .admitted(
      Admission(charge, readings: verdict.readings, policy: verdict.policy, settling: self))
  }

  /// Tells what the month's use is so far, of a process that begins. To be called before the first
  /// admission.
  package func load(_ uses: [QuotaUse]) {
    for use in uses {
      withShard(of: use.keyID) { $0.resting[use.keyID, default: [:]][use.model] = use }
    }
  }

  /// Keys that hold more memory than their month takes.
  package var activeKeys: Int { shards.reduce(0) { $0 + $1.shard.withLock { $0.meters.count } } }

  /// Ids are random, but nobody's is not: the product's highest bits depend on all of them.
  private func withShard<Result: Sendable>(
    of id: KeyID, _ body: (inout sending Shard) -> sending Result
  ) -> Result {
    let place = (id.packed &* 0x9e37_79b9_7f4a_7c15) >> (64 - Self.shardBits)
    return shards[Int(place)].shard.withLock(body)
  }

  /// Where a key's meter is, made if need be.
  private static func place(of caller: Caller, at now: Moment, in shard: inout Shard) -> Int {
    if let place = shard.places[caller.keyID] { return place }
    if shard.meters.count >= shard.sweepAt { sweep(&shard, at: now) }
    shard.places[caller.keyID] = shard.meters.count
    shard.meters.append(
      KeyMeter(
        caller.keyID, plan: caller.limits,
        saved: shard.resting.removeValue(forKey: caller.keyID) ?? [:], month: now.wall.month))
    return shard.meters.count - 1
  }

  /// Puts idle keys to rest: each time the number has doubled, so that it costs each key little.
  private static func sweep(_ shard: inout Shard, at now: Moment) {
    var place = 0
    while place < shard.meters.count {
      guard shard.meters[place].isIdle(at: now) else {
        place += 1
        continue
      }
      let id = shard.meters[place].keyID
      let months = shard.meters[place].rest()
      if !months.isEmpty { shard.resting[id] = months }
      shard.places[id] = nil
      // The last one takes its place, and is looked at next.
      shard.meters.swapAt(place, shard.meters.count - 1)
      shard.meters.removeLast()
      if place < shard.meters.count { shard.places[shard.meters[place].keyID] = place }
    }
    shard.sweepAt = max(64, 2 * shard.meters.count)
  }
}

extension MemoryRateLimiter: AdmissionSettling {
  package func settle(_ charge: AdmissionCharge, tokens: Int?, at now: Moment) {
    let change = tokens.map { min(max($0, 0), Self.tokenBound) - charge.tokens } ?? 0
    withShard(of: charge.keyID) { shard in
      guard let place = shard.places[charge.keyID] else { return }
      let mustList = shard.meters[place].settle(charge, change: change, at: now)
      if mustList { shard.unsaved.append(charge.keyID) }
    }
  }
}

extension MemoryRateLimiter: QuotaSource {
  package func takeChanges() -> [QuotaUse] {
    shards.flatMap { box in
      box.shard.withLock { shard in
        let unsaved = shard.unsaved
        shard.unsaved = []
        return unsaved.flatMap { id in
          shard.places[id].map { shard.meters[$0].takeChanges() } ?? []
        }
      }
    }
  }
}
