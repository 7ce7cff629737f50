import Messages
import Testing

@testable import Caching

@Suite struct CacheShardTests {
  private let now = ContinuousClock.now

  private func shard(entrySize: Int = 1 << 16) -> CacheShard {
    CacheShard(budget: 1 << 20, entrySize: entrySize)
  }

  private func lead(_ shard: inout CacheShard, _ key: CacheKey) throws -> CacheFlight {
    guard case .lead(let flight) = shard.claim(key, waiter: nil, at: now) else {
      throw CancellationError()
    }
    return flight
  }

  @Test func oneComputesAndTheOthersWait() throws {
    var shard = shard()
    _ = try lead(&shard, key("a"))
    #expect(shard.claim(key("a"), waiter: nil, at: now) == .busy)
    #expect(shard.claim(key("a"), waiter: 1, at: now) == .waits)
    #expect(shard.claim(key("a"), waiter: 2, at: now) == .waits)
    #expect(
      shard.complete(key("a"), answer(1), until: now + .seconds(1), at: now) == [1, 2])
    #expect(shard.claim(key("a"), waiter: nil, at: now) == .hit(answer(1)))
    #expect(shard.computing == 0)
  }

  @Test func theFirstWhoWaitsTakesOver() throws {
    var shard = shard()
    let flight = try lead(&shard, key("a"))
    for waiter in 1...3 { _ = shard.claim(key("a"), waiter: waiter, at: now) }
    shard.leave(key("a"), waiter: 1)
    let handedOver = shard.handOver(key("a"), flight)
    let next = try #require(handedOver)
    #expect(next.waiter == 2)
    // The one who gave up has nothing to say any more.
    #expect(shard.handOver(key("a"), flight) == nil)
    #expect(shard.fail(key("a"), flight) == [])
    #expect(shard.fail(key("a"), next.1) == [3])
    #expect(shard.computing == 0)
    #expect(try lead(&shard, key("a")) != flight)
  }

  @Test func aFlightThatNobodyWaitsForJustEnds() throws {
    var shard = shard()
    let flight = try lead(&shard, key("a"))
    #expect(shard.handOver(key("a"), flight) == nil && shard.computing == 0)
  }

  @Test func whoeverComputesBesideAFlightAnswersThoseWhoWait() throws {
    var shard = shard()
    let flight = try lead(&shard, key("a"))
    _ = shard.claim(key("a"), waiter: 1, at: now)
    #expect(shard.complete(key("a"), answer(1), until: now + .seconds(1), at: now) == [1])
    #expect(shard.fail(key("a"), flight) == [])
    #expect(shard.complete(key("a"), answer(1), until: now + .seconds(1), at: now) == [])
  }

  @Test func anAnswerTooLargeIsGivenAndNotKept() throws {
    var shard = shard(entrySize: 1024)
    _ = try lead(&shard, key("a"))
    _ = shard.claim(key("a"), waiter: 1, at: now)
    let large = answer(1, width: 1000)
    #expect(shard.complete(key("a"), large, until: now + .seconds(1), at: now) == [1])
    #expect(shard.oversized == 1 && shard.store.count == 0)
  }

  @Test func aVersionThatHasGoneLeavesNothing() throws {
    var shard = shard()
    for generation in 1...3 as ClosedRange<UInt64> {
      let key = key("a", generation: generation)
      _ = shard.complete(key, answer(1), until: now + .seconds(1), at: now)
    }
    shard.keepOnly(generations: [2])
    #expect(shard.store.count == 1)
    #expect(shard.claim(key("a", generation: 2), waiter: nil, at: now) == .hit(answer(1)))
  }
}
