/// A part of the cache: its entries, and what is being computed for it. Pure: whoever waits is a
/// number.
struct CacheShard {
  enum Claim: Equatable {
    case hit(CachedAnswer)
    /// Nobody computes it: the caller does, and others may wait for it.
    case lead(CacheFlight)
    /// Somebody computes it, and the waiter is noted.
    case waits
    /// Somebody computes it, and no waiter was given.
    case busy
  }

  private struct Flight {
    let id: CacheFlight
    /// In the order in which they came.
    var waiters: [Int] = []
  }

  private(set) var store: SieveStore
  private var flights: [CacheKey: Flight] = [:]
  private var flightCount = 0
  private let entrySize: Int
  /// Answers that were too large to be kept.
  private(set) var oversized = 0

  init(budget: Int, entrySize: Int) {
    store = SieveStore(budget: budget)
    self.entrySize = min(entrySize, budget)
  }

  /// Requests that are being computed.
  var computing: Int { flights.count }

  mutating func claim(
    _ key: CacheKey, waiter: Int?, at now: ContinuousClock.Instant
  ) -> Claim {
    if let answer = store.find(key, at: now) { return .hit(answer) }
    guard flights[key] != nil else { return .lead(begin(key, waiters: [])) }
    guard let waiter else { return .busy }
    flights[key]?.waiters.append(waiter)
    return .waits
  }

  private mutating func begin(_ key: CacheKey, waiters: [Int]) -> CacheFlight {
    flightCount += 1
    let id = CacheFlight(number: flightCount)
    flights[key] = Flight(id: id, waiters: waiters)
    return id
  }

  /// Keeps an answer, whoever computed it.
  ///
  /// - Returns: who gets it too.
  mutating func complete(
    _ key: CacheKey, _ answer: CachedAnswer, until expiry: ContinuousClock.Instant,
    at now: ContinuousClock.Instant
  ) -> [Int] {
    store.expire(at: now, among: 2)
    if SieveStore.bytes(key, answer) <= entrySize {
      store.insert(key, answer, until: expiry)
    } else {
      oversized += 1
    }
    return flights.removeValue(forKey: key)?.waiters ?? []
  }

  /// Ends a flight that failed, for all who wait for it; one that is over already is nobody's.
  mutating func fail(_ key: CacheKey, _ flight: CacheFlight) -> [Int] {
    guard flights[key]?.id == flight else { return [] }
    return flights.removeValue(forKey: key)?.waiters ?? []
  }

  /// Ends a flight whose leader gave up.
  ///
  /// - Returns: the waiter that leads from now on, and the flight that it leads.
  mutating func handOver(_ key: CacheKey, _ flight: CacheFlight) -> (waiter: Int, CacheFlight)? {
    guard var waiters = flights[key], waiters.id == flight else { return nil }
    if waiters.waiters.isEmpty {
      flights[key] = nil
      return nil
    }
    let next = waiters.waiters.removeFirst()
    return (next, begin(key, waiters: waiters.waiters))
  }

  /// A waiter has gone.
  mutating func leave(_ key: CacheKey, waiter: Int) {
    flights[key]?.waiters.removeAll { $0 == waiter }
  }

  mutating func expire(at now: ContinuousClock.Instant, among count: Int) {
    store.expire(at: now, among: count)
  }

  mutating func keepOnly(generations: Set<UInt64>) {
    store.keepOnly { generations.contains($0.generation) }
  }
}
