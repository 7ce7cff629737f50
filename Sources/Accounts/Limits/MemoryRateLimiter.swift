import Synchronization

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
    var meters: [KeyID: KeyMeter] = [:]
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

  private static let shardBits: UInt64 = 6
  private let shards = (0..<1 << shardBits).map { _ in ShardBox() }

  package init() {}

  package func admit(
    _ caller: Caller, model: String, tokens: Int, at now: Moment
  ) -> Decision {
    let tokens = max(tokens, 0)
    let outcome = withShard(of: caller.keyID) { shard in
      let key = Self.meter(of: caller, at: now, in: &shard)
      let (now, modelMeter) = key.advance(to: now, model: model, plan: caller.limits)
      let fits = key.whole.fits(tokens: tokens) && modelMeter?.fits(tokens: tokens) ?? true
      if fits {
        key.whole.charge(tokens: tokens, at: now.monotonic)
        modelMeter?.charge(tokens: tokens, at: now.monotonic)
        Self.list(key, in: &shard)
      }
      var readings = key.whole.readings(tokens: tokens, at: now)
      if let modelMeter { readings += modelMeter.readings(tokens: tokens, at: now) }
      return Outcome(
        isAdmitted: fits, readings: readings, time: now, model: modelMeter?.model ?? "")
    }
    return decision(outcome, caller: caller, tokens: tokens)
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

  private struct Outcome: Sendable {
    let isAdmitted: Bool
    let readings: [(reading: LimitReading, wait: Duration?)]
    let time: Moment
    let model: String
  }

  private func decision(_ outcome: Outcome, caller: Caller, tokens: Int) -> Decision {
    let readings = outcome.readings.map(\.reading)
    if outcome.isAdmitted {
      let charge = AdmissionCharge(
        keyID: caller.keyID, model: outcome.model, tokens: tokens, time: outcome.time)
      return .admitted(Admission(charge, readings: readings, settling: self))
    }
    // For ever is longer than any time.
    let longest = outcome.readings.max { first, second in
      guard let first = first.wait else { return false }
      return second.wait.map { first < $0 } ?? true
    }
    guard let longest else { preconditionFailure("a call is refused by a limit") }
    return .refused(
      LimitRefusal(limit: longest.reading, retryAfter: longest.wait, readings: readings))
  }

  /// Ids are random, but nobody's is not: the product's highest bits depend on all of them.
  private func withShard<Result: Sendable>(
    of id: KeyID, _ body: (inout sending Shard) -> sending Result
  ) -> Result {
    let place = (id.packed &* 0x9e37_79b9_7f4a_7c15) >> (64 - Self.shardBits)
    return shards[Int(place)].shard.withLock(body)
  }

  private static func meter(
    of caller: Caller, at now: Moment, in shard: inout Shard
  ) -> KeyMeter {
    if let meter = shard.meters[caller.keyID] { return meter }
    if shard.meters.count >= shard.sweepAt { sweep(&shard, at: now) }
    let meter = KeyMeter(
      caller.keyID, plan: caller.limits,
      saved: shard.resting.removeValue(forKey: caller.keyID) ?? [:], month: now.wall.month)
    shard.meters[caller.keyID] = meter
    return meter
  }

  /// Puts idle keys to rest: each time the number has doubled, so that it costs each key little.
  private static func sweep(_ shard: inout Shard, at now: Moment) {
    for (id, meter) in shard.meters where meter.isIdle(at: now) {
      let months = meter.rest()
      if !months.isEmpty { shard.resting[id] = months }
      shard.meters[id] = nil
    }
    shard.sweepAt = max(64, 2 * shard.meters.count)
  }

  private static func list(_ key: KeyMeter, in shard: inout Shard) {
    guard !key.isListed else { return }
    key.isListed = true
    shard.unsaved.append(key.keyID)
  }
}

extension MemoryRateLimiter: AdmissionSettling {
  package func settle(_ charge: AdmissionCharge, tokens: Int?, at now: Moment) {
    withShard(of: charge.keyID) { shard in
      guard let key = shard.meters[charge.keyID] else { return }
      let (now, model) = key.advance(to: now, charge: charge)
      let change = tokens.map { max($0, 0) - charge.tokens } ?? 0
      key.whole.settle(charge, change: change, at: now)
      model?.settle(charge, change: change, at: now)
      Self.list(key, in: &shard)
    }
  }
}

extension MemoryRateLimiter: QuotaSource {
  package func takeChanges() -> [QuotaUse] {
    shards.flatMap { box in
      box.shard.withLock { shard in
        let unsaved = shard.unsaved
        shard.unsaved = []
        return unsaved.flatMap { id -> [QuotaUse] in
          guard let key = shard.meters[id] else { return [] }
          key.isListed = false
          return key.takeChanges()
        }
      }
    }
  }
}
