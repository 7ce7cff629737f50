import Accounts
import Glibc
import Synchronization
import Testing
import Threads
import Time

/// Sixty-four threads that share one key.
@Suite struct RateLimiterRaceTests {
  private static let threads = 64

  /// Runs `body` on each of 64 threads at once and waits for all.
  private func race(_ body: @escaping @Sendable (Int) -> Void) throws {
    let ready = Atomic(0)
    let box = Box(ready)
    let running = try (0..<Self.threads).map { number in
      try SystemThread("client") {
        box.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while box.value.load(ordering: .sequentiallyConsistent) < Self.threads { sched_yield() }
        body(number)
      }
    }
    for thread in running { thread.join() }
  }

  /// In one moment exactly the quota is admitted, and after the window exactly that again.
  @Test func notOneOverTheLimitAndNotOneUnder() throws {
    let limiter = MemoryRateLimiter()
    let caller = Caller.test(LimitPlan(Limits(requests: 100), models: ["m": Limits(requests: 70)]))
    let clock = FakeClock()
    for _ in 0..<5 {
      let admitted = Mutex((plain: 0, model: 0))
      try race { number in
        for _ in 0..<10 {
          let model = number % 2 == 0 ? "m" : ""
          let decision = limiter.admit(caller, model: model, tokens: 1, at: clock.now)
          guard decision.admission != nil else { continue }
          admitted.withLock { if model.isEmpty { $0.plain += 1 } else { $0.model += 1 } }
        }
      }
      let (plain, model) = admitted.withLock { $0 }
      #expect(plain + model == 100)
      #expect(model <= 70)
      clock.advance(by: .seconds(60))
    }
  }

  /// The clock runs while they race: no stretch of a window's length holds more than the quota.
  @Test func noWindowHoldsMoreThanTheQuota() throws {
    let limiter = MemoryRateLimiter()
    let quota = 50
    let window: UInt64 = 1_000_000_000
    let caller = Caller.test(LimitPlan(Limits(requests: quota, window: 1)))
    let clock = FakeClock()
    let admitted = Mutex<[(before: UInt64, after: UInt64)]>([])
    try race { _ in
      for _ in 0..<200 {
        let before = clock.now
        let decision = limiter.admit(caller, model: "", tokens: 0, at: before)
        let after = clock.now
        if decision.admission != nil {
          admitted.withLock { $0.append((before.monotonic, after.monotonic)) }
        }
        clock.advance(by: .microseconds(997))
      }
    }
    // Each was counted at some time from before to after its call. Of those that began at or after
    // one, the quota's next cannot have ended within the window.
    let calls = admitted.withLock { $0 }.sorted { $0.before < $1.before }
    #expect(calls.count > 2 * quota)
    for (place, first) in calls.enumerated() {
      let ends = calls[place...].map(\.after).sorted()
      if ends.count > quota { #expect(ends[quota] - first.before >= window) }
    }
  }

  @Test func neverMoreCallsAtOnceThanPlaces() throws {
    let limiter = MemoryRateLimiter()
    let caller = Caller.test(LimitPlan(Limits(concurrent: 8)))
    let clock = FakeClock()
    let running = Box(Atomic(0))
    let most = Mutex(0)
    try race { _ in
      for _ in 0..<200 {
        let decision = limiter.admit(caller, model: "m", tokens: 0, at: clock.now)
        guard let admission = decision.admission else { continue }
        let count = running.value.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        most.withLock { $0 = max($0, count) }
        sched_yield()
        running.value.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        admission.finish(tokens: nil, at: clock.now)
      }
    }
    #expect((1...8).contains(most.withLock { $0 }))
    // All places are back.
    let held = (0..<8).map { _ in limiter.admit(caller, model: "m", tokens: 0, at: clock.now) }
    #expect(held.allSatisfy { $0.admission != nil })
    withExtendedLifetime(held) {
      #expect(limiter.admit(caller, model: "m", tokens: 0, at: clock.now).refusal != nil)
    }
  }

  /// What the ledger takes while they race adds up to what was admitted.
  @Test func changesOfTheMonthAddUp() throws {
    let limiter = MemoryRateLimiter()
    let caller = Caller.test(LimitPlan(Limits(monthlyRequests: 5000)))
    let clock = FakeClock()
    let taken = Mutex((requests: 0, tokens: 0))
    @Sendable func take() {
      for use in limiter.takeChanges() {
        taken.withLock {
          $0.requests += use.requests
          $0.tokens += use.tokens
        }
      }
    }
    try race { number in
      for _ in 0..<100 {
        let decision = limiter.admit(caller, model: "", tokens: 3, at: clock.now)
        decision.admission?.finish(tokens: 1, at: clock.now)
        if number % 8 == 0 { take() }
      }
    }
    take()
    #expect(taken.withLock { $0 } == (5000, 5000))
  }
}

/// Shares what cannot be copied.
private final class Box<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}
