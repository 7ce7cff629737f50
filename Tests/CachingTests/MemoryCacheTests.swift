import Messages
import Synchronization
import Testing

@testable import Caching

/// Counted by several tasks.
private final class Count: Sendable {
  private let total = Atomic(0)
  /// The sum with this one.
  func next() -> Int { total.add(1, ordering: .relaxed).newValue }
  var value: Int { total.load(ordering: .relaxed) }
}

@Suite struct MemoryCacheTests {
  /// What 64 clients do with one request, and how often it was computed.
  private func race(
    _ cache: MemoryCache, _ key: CacheKey, compute: @escaping @Sendable (Int) async throws -> Float
  ) async -> (answers: [Float?], computed: Int) {
    let computed = Count()
    let answers = await withTaskGroup(of: Float?.self) { group in
      for client in 0..<64 {
        group.addTask {
          guard let claim = try? await cache.claim(key, joining: true, at: .now) else { return nil }
          switch claim {
          case .hit(let answer), .joined(let answer): return answer.value
          case .failed: return nil
          case .compute(let flight):
            _ = computed.next()
            do {
              let value = try await compute(client)
              cache.complete(key, flight, answer(value), lifetime: .seconds(60), at: .now)
              return value
            } catch {
              cache.abandon(key, flight, failure: error as? Status)
              return nil
            }
          }
        }
      }
      return await group.reduce(into: [Float?]()) { $0.append($1) }
    }
    return (answers, computed.value)
  }

  @Test(arguments: 0..<20) func sixtyFourClientsComputeOnce(round: Int) async {
    let cache = MemoryCache(CacheOptions())
    let (answers, computed) = await race(cache, key("a\(round)")) { _ in
      await Task.yield()
      return 7
    }
    #expect(computed == 1 && answers.allSatisfy { $0 == 7 } && answers.count == 64)
    #expect(cache.figures.waiting == 0 && cache.figures.computing == 0)
    #expect(cache.figures.entries == 1)
  }

  @Test func leadersThatGiveUpFailNobodyElse() async {
    let cache = MemoryCache(CacheOptions())
    let tries = Count()
    let (answers, computed) = await race(cache, key("a")) { _ in
      await Task.yield()
      // The first ten give up.
      if tries.next() <= 10 { throw CancellationError() }
      return 7
    }
    #expect(computed == 11 && answers.count { $0 == 7 } == 54 && answers.count { $0 == nil } == 10)
    #expect(cache.figures.waiting == 0 && cache.figures.computing == 0)
  }

  @Test func aFailureIsToldAndNotKept() async throws {
    let cache = MemoryCache(CacheOptions())
    let (answers, _) = await race(cache, key("a")) { _ in
      await Task.yield()
      throw Status(.internal, "broken")
    }
    #expect(answers.allSatisfy { $0 == nil })
    #expect(cache.figures == CacheFigures())
    guard case .compute = try await cache.claim(key("a"), joining: true, at: .now) else {
      return #expect(Bool(false), "an error was kept")
    }
  }

  @Test func whoeverIsCancelledWhileWaitingGoes() async throws {
    let cache = MemoryCache(CacheOptions())
    guard case .compute(let flight) = try await cache.claim(key("a"), joining: true, at: .now)
    else { return #expect(Bool(false)) }
    let tasks = (0..<64).map { _ in
      Task { try await cache.claim(key("a"), joining: true, at: .now) }
    }
    for task in tasks.dropLast() { task.cancel() }
    for task in tasks.dropLast() {
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    while cache.figures.waiting < 1 { await Task.yield() }
    cache.abandon(key("a"), flight, failure: nil)
    guard case .compute(let next?) = try await tasks[63].value else {
      return #expect(Bool(false), "nobody took over")
    }
    cache.complete(key("a"), next, answer(1), lifetime: .seconds(1), at: .now)
    #expect(cache.figures.entries == 1 && cache.figures.waiting == 0)
  }

  @Test func whoeverDoesNotJoinComputesBeside() async throws {
    let cache = MemoryCache(CacheOptions())
    _ = try await cache.claim(key("a"), joining: true, at: .now)
    guard case .compute(nil) = try await cache.claim(key("a"), joining: false, at: .now) else {
      return #expect(Bool(false))
    }
  }

  @Test func theBudgetHoldsForAllPartsTogether() {
    var options = CacheOptions()
    options.size = 4 << 20
    let cache = MemoryCache(options)
    for number in 0..<20_000 {
      cache.complete(
        key("k\(number)"), nil, answer(1, width: 100), lifetime: .seconds(60), at: .now)
    }
    let figures = cache.figures
    #expect(figures.bytes <= 4 << 20 && figures.bytes > 3 << 20)
    #expect(figures.entries + figures.evictions == 20_000)
  }

  @Test(arguments: [
    (0, 1), (1 << 10, 1), (1 << 20, 1), (4 << 20, 4), (64 << 20, 16), (1 << 40, 16),
  ])
  func partsHaveRoomForTheLargestEntry(size: Int, shards: Int) {
    var options = CacheOptions()
    options.size = size
    #expect(options.shards == shards)
  }
}

extension CachedAnswer {
  fileprivate var value: Float? {
    guard case .values(let values)? = predictions.first?.kind else { return nil }
    return values.values.first
  }
}
