import Messages
import TestSupport
import Testing

@testable import Caching

/// The same rules in the plainest form: a list from the oldest to the newest.
private struct NaiveSieve {
  struct Entry {
    let key: CacheKey
    let answer: CachedAnswer
    let expiry: ContinuousClock.Instant
    let bytes: Int
    var isMarked = false
  }
  let budget: Int
  var entries: [Entry] = []
  var hand: CacheKey?
  var evictions = 0

  var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }

  private mutating func remove(at index: Int) {
    if entries[index].key == hand {
      hand = index + 1 < entries.count ? entries[index + 1].key : nil
    }
    entries.remove(at: index)
    if entries.isEmpty { hand = nil }
  }

  mutating func find(_ key: CacheKey, at now: ContinuousClock.Instant) -> CachedAnswer? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    if entries[index].expiry <= now {
      remove(at: index)
      return nil
    }
    entries[index].isMarked = true
    return entries[index].answer
  }

  mutating func insert(
    _ key: CacheKey, _ answer: CachedAnswer, until expiry: ContinuousClock.Instant
  ) {
    if let index = entries.firstIndex(where: { $0.key == key }) { remove(at: index) }
    let size = SieveStore.bytes(key, answer)
    if size > budget { return }
    while bytes + size > budget {
      var index = entries.firstIndex { $0.key == hand } ?? 0
      while entries[index].isMarked {
        entries[index].isMarked = false
        index = (index + 1) % entries.count
      }
      hand = entries[index].key
      remove(at: index)
      evictions += 1
    }
    entries.append(Entry(key: key, answer: answer, expiry: expiry, bytes: size))
  }

  mutating func expire(at now: ContinuousClock.Instant, among count: Int) {
    for key in entries.prefix(count).filter({ $0.expiry <= now }).map(\.key) {
      if let index = entries.firstIndex(where: { $0.key == key }) { remove(at: index) }
    }
  }

  mutating func keepOnly(_ isWanted: (CacheKey) -> Bool) {
    for key in entries.map(\.key).filter({ !isWanted($0) }) {
      if let index = entries.firstIndex(where: { $0.key == key }) { remove(at: index) }
    }
  }
}

@Suite struct SieveStoreTests {
  private let start = ContinuousClock.now

  @Test(arguments: 0..<50 as Range<UInt64>)
  func doesAsTheNaiveModel(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let unit = SieveStore.bytes(key("k00"), answer(0))
    let budget = unit * Int.random(in: 1...12, using: &random)
    var (store, naive) = (SieveStore(budget: budget), NaiveSieve(budget: budget))
    var now = start
    for step in 0..<2000 {
      now += .milliseconds(Int.random(in: 0...20, using: &random))
      let number = min(
        Int.random(in: 0..<24, using: &random), Int.random(in: 0..<24, using: &random))
      let key = key("k\(number)", generation: UInt64(number % 3))
      switch Int.random(in: 0..<100, using: &random) {
      case ..<60: #expect(store.find(key, at: now) == naive.find(key, at: now))
      case ..<95:
        let answer = answer(Float(step), width: Int.random(in: 1...200, using: &random))
        let expiry = now + .milliseconds(Int.random(in: 0...500, using: &random))
        store.insert(key, answer, until: expiry)
        naive.insert(key, answer, until: expiry)
      case ..<99:
        let count = Int.random(in: 0...5, using: &random)
        store.expire(at: now, among: count)
        naive.expire(at: now, among: count)
      default:
        let gone = UInt64.random(in: 0..<3, using: &random)
        // The hand's place depends on the order in which neighbours go.
        store.keepOnly { $0.generation != gone }
        naive.keepOnly { $0.generation != gone }
      }
      #expect(store.bytes == naive.bytes && store.bytes <= budget)
      #expect(store.count == naive.entries.count && store.evictions == naive.evictions)
    }
  }

  @Test func whatIsAskedForOutlivesAScan() {
    var store = SieveStore(budget: 8 * SieveStore.bytes(key("k0"), answer(0)))
    for number in 0..<4 { store.insert(key("k\(number)"), answer(0), until: start + .seconds(9)) }
    for round in 0..<100 {
      for number in 0..<4 { #expect(store.find(key("k\(number)"), at: start) != nil) }
      store.insert(key("s\(round % 10)"), answer(0), until: start + .seconds(9))
    }
  }

  @Test func anAnswerEndsExactlyWithItsTime() {
    var store = SieveStore(budget: 1 << 20)
    store.insert(key("a"), answer(1), until: start + .seconds(300))
    #expect(store.find(key("a"), at: start + .seconds(300) - .nanoseconds(1)) == answer(1))
    #expect(store.find(key("a"), at: start + .seconds(300)) == nil)
    #expect(store.bytes == 0 && store.count == 0)
  }

  @Test func requestsThatShareADigestAreToldApart() {
    var store = SieveStore(budget: 1 << 20)
    let first = CacheKey(generation: 1, request: [1], digest: 7)
    let second = CacheKey(generation: 1, request: [2], digest: 7)
    let other = CacheKey(generation: 2, request: [1], digest: 7)
    store.insert(first, answer(1), until: start + .seconds(1))
    #expect(store.find(second, at: start) == nil && store.find(other, at: start) == nil)
    store.insert(second, answer(2), until: start + .seconds(1))
    #expect(store.find(first, at: start) == answer(1))
    #expect(store.find(second, at: start) == answer(2))
  }

  @Test func whatIsLargerThanTheBudgetPushesNothingOut() {
    var store = SieveStore(budget: 2000)
    store.insert(key("a"), answer(1), until: start + .seconds(1))
    store.insert(key("b"), answer(1, width: 1000), until: start + .seconds(1))
    #expect(store.find(key("a"), at: start) != nil && store.find(key("b"), at: start) == nil)
  }
}
