/// Entries within a budget of bytes, of which those that nobody asks for go first. Pure.
///
/// SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): a queue by age, a mark on each
/// entry that was asked for, and a hand that goes from the oldest to the newest, takes marks off
/// and takes out the first entry that has none. A hit moves nothing. A scan of requests that nobody
/// repeats passes by the entries that somebody does.
struct SieveStore {
  private struct Entry {
    let key: CacheKey
    let answer: CachedAnswer
    let expiry: ContinuousClock.Instant
    let bytes: Int
    var isMarked = false
    /// Slots, or `none`.
    var newer = none
    var older = none
  }

  private static let none = -1
  /// Of an entry itself and its place in the table, beside key and answer.
  static let entryBytes = 32 + 64 + MemoryLayout<Entry?>.stride + 2 * MemoryLayout<CacheKey>.stride

  private var slots: [Entry?] = []
  private var free: [Int] = []
  private var places: [CacheKey: Int] = [:]
  private var newest = none
  private var oldest = none
  private var hand = none
  private(set) var bytes = 0
  /// Entries that made room for others.
  private(set) var evictions = 0
  let budget: Int

  init(budget: Int) { self.budget = budget }

  var count: Int { places.count }

  static func bytes(_ key: CacheKey, _ answer: CachedAnswer) -> Int {
    entryBytes + key.request.count + answer.bytes
  }

  /// An answer that is still to be had at `now`.
  mutating func find(_ key: CacheKey, at now: ContinuousClock.Instant) -> CachedAnswer? {
    guard let place = places[key], let entry = slots[place] else { return nil }
    guard now < entry.expiry else {
      remove(place)
      return nil
    }
    if !entry.isMarked { slots[place]?.isMarked = true }
    return entry.answer
  }

  /// Puts an answer in place of the one that may be there; one beyond the whole budget is not kept.
  mutating func insert(
    _ key: CacheKey, _ answer: CachedAnswer, until expiry: ContinuousClock.Instant
  ) {
    if let place = places[key] { remove(place) }
    let size = Self.bytes(key, answer)
    guard size <= budget else { return }
    while bytes + size > budget { evict() }
    var entry = Entry(key: key, answer: answer, expiry: expiry, bytes: size)
    entry.older = newest
    let place = free.popLast() ?? slots.count
    if place == slots.count { slots.append(entry) } else { slots[place] = entry }
    if newest != Self.none { slots[newest]?.newer = place } else { oldest = place }
    newest = place
    places[key] = place
    bytes += size
  }

  /// Each turn takes a mark off or ends: at most two rounds.
  private mutating func evict() {
    var place = hand == Self.none ? oldest : hand
    while let entry = slots[place], entry.isMarked {
      slots[place]?.isMarked = false
      place = entry.newer == Self.none ? oldest : entry.newer
    }
    hand = place
    remove(place)
    evictions += 1
  }

  private mutating func remove(_ place: Int) {
    guard let entry = slots[place] else { return }
    if entry.newer != Self.none { slots[entry.newer]?.older = entry.older } else {
      newest = entry.older
    }
    if entry.older != Self.none { slots[entry.older]?.newer = entry.newer } else {
      oldest = entry.newer
    }
    if hand == place { hand = entry.newer }
    places[entry.key] = nil
    bytes -= entry.bytes
    slots[place] = nil
    free.append(place)
    if places.isEmpty { giveBack() }
  }

  /// Nothing is left: neither is the memory that it took.
  private mutating func giveBack() {
    (slots, free, places) = ([], [], [:])
    hand = Self.none
  }

  /// Takes out what has expired among the `count` oldest.
  mutating func expire(at now: ContinuousClock.Instant, among count: Int) {
    var place = oldest
    for _ in 0..<count {
      guard place != Self.none, let entry = slots[place] else { return }
      if entry.expiry <= now { remove(place) }
      place = entry.newer
    }
  }

  mutating func keepOnly(_ isWanted: (CacheKey) -> Bool) {
    for (key, place) in places where !isWanted(key) { remove(place) }
  }
}
