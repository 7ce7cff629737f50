import TestSupport
import Testing

@testable import ObjectStore

@Suite struct CacheBoundTests {
  private func cached(_ number: Int, _ size: Int, used: Int) -> CachedVersion {
    CachedVersion(model: "m", number: number, size: size, fingerprint: "", used: used)
  }

  private func victims(
    _ cached: [CachedVersion], needed: Int, bound: Int, inUse: Set<Int> = []
  ) -> [Int]? {
    CacheBound.victims(cached, needed: needed, bound: bound) { inUse.contains($0.number) }?
      .map(\.number)
  }

  @Test func nothingGoesWhileThereIsRoom() {
    #expect(victims([cached(1, 40, used: 1), cached(2, 40, used: 2)], needed: 20, bound: 100) == [])
  }

  @Test func whatWasUsedLeastLatelyGoesFirstAndNoMoreThanHasTo() {
    let all = [cached(1, 40, used: 9), cached(2, 40, used: 1), cached(3, 10, used: 2)]
    #expect(victims(all, needed: 30, bound: 100) == [2])
    #expect(victims(all, needed: 60, bound: 100) == [2, 3])
    #expect(victims(all, needed: 100, bound: 100) == [2, 3, 1])
  }

  @Test func whatIsInUseStaysWhateverIsToCome() {
    let all = [cached(1, 40, used: 1), cached(2, 40, used: 2)]
    #expect(victims(all, needed: 30, bound: 100, inUse: [1]) == [2])
    #expect(victims(all, needed: 30, bound: 100, inUse: [1, 2]) == nil)
    #expect(victims(all, needed: 101, bound: 100) == nil)
  }

  /// Whatever there is: what is left and what is to come keep the bound, and nothing in use goes.
  @Test func theBoundHolds() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<2000 {
      let all = (0..<Int.random(in: 0...8, using: &random)).map { number in
        cached(
          number, Int.random(in: 0...50, using: &random), used: .random(in: 0...3, using: &random))
      }
      let inUse = Set(all.map(\.number).filter { _ in Bool.random(using: &random) })
      let needed = Int.random(in: 0...100, using: &random)
      let result = victims(all, needed: needed, bound: 120, inUse: inUse)
      let gone = Set(result ?? [])
      let left = all.filter { !gone.contains($0.number) }.reduce(needed) { $0 + $1.size }
      let least = all.filter { inUse.contains($0.number) }.reduce(needed) { $0 + $1.size }
      #expect(gone.isDisjoint(with: inUse))
      #expect((result == nil) == (least > 120))
      #expect(result == nil || left <= 120)
    }
  }
}
