import Accounts
import TestSupport
import Testing

@testable import Serving

@Suite struct PictureQueueTests {
  private static let small = 10_000
  private static let large = 64 << 20
  private let start = ContinuousClock.now
  private let a: KeyID
  private let b: KeyID
  private let c = KeyID.anonymous

  init() throws {
    a = try #require(KeyID("aaaaaaaa"))
    b = try #require(KeyID("bbbbbbbb"))
  }

  private func queue(
    requests: Int = 64, pixels: Int = 1 << 30, threads: Int = 2,
    _ change: (inout PictureQueue.Options) -> Void = { _ in }
  ) -> PictureQueue {
    var options = PictureQueue.Options(
      requests: requests, waitingPixels: pixels, decodingPixels: Self.large, threads: threads)
    change(&options)
    return PictureQueue(options)
  }

  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// Enters a request that must be taken in without anybody's cost.
  private func enter(
    _ id: Int, _ owner: KeyID, _ pictures: [Int], lapse: Double? = nil, at seconds: Double = 0,
    into queue: inout PictureQueue
  ) {
    let entrance = queue.enter(
      id, of: owner, pictures: pictures, lapse: lapse.map(at), now: at(seconds))
    #expect(entrance == .taken(displaced: [:]))
  }

  /// Requests in the order in which one thread comes to their pictures.
  private func order(_ queue: inout PictureQueue, at seconds: Double = 0) -> [Int] {
    var order: [Int] = []
    while let turn = queue.next(now: at(seconds)).turn {
      order.append(turn.request)
      queue.finished(turn)
    }
    return order
  }

  @Test func callersTakeTurnsHoweverMuchOneSends() {
    var queue = queue(pixels: 1 << 40, threads: 1)
    for id in 0..<5 { enter(id, a, [Self.large], into: &queue) }
    for id in 10..<13 { enter(id, b, [Self.small], into: &queue) }
    enter(20, c, [Self.large], into: &queue)
    #expect(order(&queue) == [10, 11, 12, 0, 20, 1, 2, 3, 4])
    #expect(queue.waitingPixels == 0 && queue.waitingRequests == 0)
  }

  /// It lets pass about as many pixels as it has itself, however many more come.
  @Test func aLargePictureIsNotHeldUpForEver() throws {
    var queue = queue(requests: 10_000, pixels: 1 << 40, threads: 1)
    enter(0, a, [1 << 20], into: &queue)
    for id in 1..<1_000 { enter(id, b, [Self.small], into: &queue) }
    let place = try #require(order(&queue).firstIndex(of: 0))
    #expect((10...20).contains(place))
  }

  /// Each more that it sends would else cost it the turn that it has earned by waiting.
  @Test func whoKeepsSendingKeepsItsTurn() {
    var queue = queue(requests: 10_000, pixels: 1 << 40, threads: 1)
    var mine = 0
    for round in 0..<2_000 {
      if round % 20 == 0 { enter(10_000 + round, a, [8 << 20], into: &queue) }
      enter(2 * round, b, [Self.small], into: &queue)
      enter(2 * round + 1, b, [Self.small], into: &queue)
      guard let turn = queue.next(now: start).turn else { return }
      if turn.request >= 10_000 { mine += 1 }
      queue.finished(turn)
    }
    // A turn of so many pixels is about a hundred of the other's.
    #expect((8...40).contains(mine))
  }

  @Test func whatHasBegunDoesNotLapse() throws {
    var queue = queue(threads: 1)
    enter(0, a, [Self.small, Self.small], lapse: 1, into: &queue)
    enter(1, a, [Self.small], lapse: 1, into: &queue)
    let first = try #require(queue.next(now: at(0.5)).turn)
    queue.finished(first)
    let next = queue.next(now: at(2))
    #expect(next.lapsed.count == 1 && next.lapsed != [first.request])
  }

  @Test func newCallersWithoutEndHoldNobodyUp() throws {
    var queue = queue(requests: 10_000, pixels: 1 << 40, threads: 1)
    enter(0, a, [1 << 20], into: &queue)
    var passed = 0
    while true {
      let newcomer = try #require(KeyID(String(10_000_000 + passed)))
      enter(passed + 1, newcomer, [Self.small], into: &queue)
      let turn = try #require(queue.next(now: start).turn)
      queue.finished(turn)
      if turn.request == 0 { break }
      passed += 1
    }
    #expect((10...20).contains(passed))
  }

  @Test func whoWasAwayHasSavedNothingUp() {
    var queue = queue(pixels: 1 << 40, threads: 1)
    for id in 0..<3 { enter(id, a, [Self.large], into: &queue) }
    #expect(order(&queue) == [0, 1, 2])
    // Each gets every other turn, although one of the two had nothing before.
    for id in 10..<13 { enter(id, a, [Self.small], into: &queue) }
    for id in 20..<23 { enter(id, b, [Self.small], into: &queue) }
    #expect(order(&queue) == [10, 20, 11, 21, 12, 22])
  }

  @Test func ofOneCallersPicturesTheSmallestGoesFirstForAWhile() {
    var queue = queue(pixels: 1 << 40, threads: 1)
    enter(0, a, [Self.large], into: &queue)
    for id in 1..<4 { enter(id, a, [Self.small * id], at: 0.9, into: &queue) }
    let first = queue.next(now: at(0.9)).turn
    #expect(first?.request == 1)
    if let first { queue.finished(first) }
    #expect(order(&queue, at: 1) == [0, 2, 3])
  }

  @Test func aSmallPictureFindsAThreadBesideLargeOnes() throws {
    var queue = queue(pixels: 1 << 40, threads: 3)
    for id in 0..<4 { enter(id, a, [Self.large / 2], into: &queue) }
    let first = try #require(queue.next(now: start).turn)
    let second = try #require(queue.next(now: start).turn)
    #expect([first.isLarge, second.isLarge] == [true, true])
    #expect(queue.next(now: start).turn == nil)
    enter(9, b, [Self.small], into: &queue)
    let third = try #require(queue.next(now: start).turn)
    #expect(third.request == 9 && !third.isLarge)
    enter(10, b, [Self.small], into: &queue)
    #expect(queue.next(now: start).turn == nil, "three threads are at work")
    queue.finished(first)
    #expect(queue.next(now: start).turn?.request == 10)
  }

  @Test func largePicturesTogetherHaveThePixelsOfOne() throws {
    var queue = queue(pixels: 1 << 40, threads: 4)
    enter(0, a, [Self.large / 4 * 3], into: &queue)
    enter(2, a, [Self.large / 4], into: &queue)
    enter(3, b, [Self.large / 8 * 7], into: &queue)
    let first = try #require(queue.next(now: start).turn)
    #expect(first.request == 2)
    // The other caller's is next, and does not fit beside it; what would fit may not pass it by.
    #expect(queue.next(now: start).turn == nil)
    queue.finished(first)
    #expect(queue.next(now: start).turn?.request == 3)
  }

  @Test func oneThreadTakesWhateverThereIs() throws {
    var queue = queue(threads: 1)
    enter(0, a, [Self.large, Self.small], into: &queue)
    let first = try #require(queue.next(now: start).turn)
    #expect(first == .init(request: 0, picture: 0, pixels: Self.large, isLarge: true))
    #expect(queue.next(now: start).turn == nil)
    queue.finished(first)
    #expect(queue.next(now: start).turn?.picture == 1)
  }

  @Test func whoHasMostOfAFullQueueMakesRoom() {
    var queue = queue(requests: 4)
    for id in 0..<4 { enter(id, a, [Self.small], into: &queue) }
    #expect(queue.enter(4, of: a, pictures: [1], now: start) == .refused(.requests))
    #expect(queue.enter(5, of: b, pictures: [1], now: start) == .taken(displaced: [3: .requests]))
    #expect(queue.enter(6, of: b, pictures: [1], now: start) == .taken(displaced: [2: .requests]))
    // Both have two now.
    #expect(queue.enter(7, of: b, pictures: [1], now: start) == .refused(.requests))
    #expect(queue.enter(8, of: a, pictures: [1], now: start) == .refused(.requests))
    #expect(queue.enter(9, of: c, pictures: [1], now: start) == .taken(displaced: [1: .requests]))
    #expect(queue.waitingRequests == 4)
  }

  @Test func whatHasBegunIsNotDisplaced() throws {
    var queue = queue(requests: 2)
    enter(0, a, [1, 1], into: &queue)
    enter(1, a, [2, 2], into: &queue)
    let turn = try #require(queue.next(now: start).turn)
    #expect(turn.request == 0)
    #expect(queue.enter(2, of: b, pictures: [1], now: start) == .taken(displaced: [1: .requests]))
    queue.finished(turn)
    #expect(queue.next(now: start).turn?.request != nil)
  }

  @Test func pixelsAreBoundedTooAndNobodyIsDisplacedForNothing() {
    var queue = queue(pixels: 100)
    enter(0, a, [40], into: &queue)
    enter(1, a, [60], into: &queue)
    #expect(queue.enter(2, of: b, pictures: [101], now: start) == .refused(.waitingPixels))
    // Room for it would take more than the other would be left with.
    #expect(queue.enter(3, of: b, pictures: [30, 31], now: start) == .refused(.waitingPixels))
    #expect(queue.waitingPixels == 100)
    #expect(
      queue.enter(4, of: b, pictures: [50], now: start)
        == .taken(displaced: [1: .waitingPixels]))
    #expect(queue.waitingPixels == 90)
    #expect(queue.enter(5, of: c, pictures: [10], now: start) == .taken(displaced: [:]))
  }

  @Test func whoseTimeIsOverIsNotDecoded() {
    var queue = queue()
    enter(0, a, [1], lapse: 1, into: &queue)
    enter(1, a, [1], lapse: 2, into: &queue)
    enter(2, a, [1], into: &queue)
    let next = queue.next(now: at(1))
    #expect(next.lapsed == [0] && next.turn?.request == 1)
    #expect(queue.next(now: at(1)).turn?.request == 2)
    #expect(queue.waitingPixels == 0)
  }

  @Test func whoIsRemovedIsNotDecoded() throws {
    var queue = queue(threads: 1)
    enter(0, a, [Self.large, Self.large], into: &queue)
    enter(1, a, [Self.large], into: &queue)
    let turn = try #require(queue.next(now: start).turn)
    queue.remove(0)
    queue.remove(7)
    #expect(queue.waitingPixels == Self.large && queue.next(now: start).turn == nil)
    queue.finished(turn)
    #expect(queue.next(now: start).turn?.request == 1)
  }

  /// Whatever comes, every picture has one turn, and the bounds hold.
  @Test(arguments: 1...20) func everyPictureComesToItsTurn(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = queue(requests: 8, pixels: 4 * Self.large, threads: Int(1 + seed % 4))
    var (due, running): ([Int: Int], [PictureQueue.Turn]) = ([:], [])
    for step in 0..<2_000 {
      let now = at(Double(step) / 10)
      if Bool.random(using: &random) {
        let pictures = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          Bool.random(using: &random)
            ? Self.small : Int.random(in: 1...Self.large, using: &random)
        }
        let owner = [a, b, c].randomElement(using: &random) ?? a
        let entrance = queue.enter(step, of: owner, pictures: pictures, now: now)
        if case .taken(let displaced) = entrance {
          due[step] = pictures.count
          for id in displaced.keys { due[id] = nil }
        }
      }
      if let turn = queue.next(now: now).turn {
        running.append(turn)
        due[turn.request, default: 0] -= 1
      }
      #expect(running.count <= Int(1 + seed % 4) && queue.waitingRequests <= 8)
      #expect(queue.waitingPixels <= 4 * Self.large)
      let large = running.filter(\.isLarge)
      #expect(large.count <= 1 || large.reduce(0) { $0 + $1.pixels } <= Self.large)
      if Int.random(in: 0..<3, using: &random) == 0, !running.isEmpty {
        queue.finished(running.remove(at: Int.random(in: 0..<running.count, using: &random)))
      }
    }
    for turn in running { queue.finished(turn) }
    while let turn = queue.next(now: at(1_000)).turn {
      due[turn.request, default: 0] -= 1
      queue.finished(turn)
    }
    #expect(due.values.allSatisfy { $0 == 0 } && queue.waitingPixels == 0)
  }
}
