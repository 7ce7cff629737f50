import Testing

@testable import Batching

@Suite struct FairQueueTests {
  let start = ContinuousClock.now
  let patience = Duration.milliseconds(1)

  /// Runs whatever is next for `duration` and says whose it was.
  @discardableResult
  func run(
    _ queue: inout FairQueue, for duration: Duration, comesBack: Bool = false,
    now: inout ContinuousClock.Instant
  ) -> Int? {
    guard case .run(let lane) = queue.next(now: now) else { return nil }
    now += duration
    queue.finished(lane, comesBack: comesBack, now: now)
    return lane
  }

  @Test func theLaneWithTheLeastTimeGoesNext() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (long, short) = (queue.open(), queue.open())
    var order: [Int?] = []
    for lane in [long, short] { queue.submit(lane) }
    for _ in 0..<13 {
      guard case .run(let lane) = queue.next(now: now) else { break }
      order.append(lane)
      now += .milliseconds(lane == long ? 20 : 4)
      queue.finished(lane, comesBack: true, now: now)
      queue.submit(lane)
    }
    // 20 ms of one, then five times 4 ms of the other; the second round begins with who has waited.
    #expect(
      order == [long] + Array(repeating: short, count: 5) + [
        long, short, short, short, short, short, long,
      ])
  }

  @Test func amongEqualsWhoHasWaitedLongestGoesFirst() {
    var queue = FairQueue(patience: patience)
    let lanes = (0..<3).map { _ in queue.open() }
    for lane in lanes.reversed() { queue.submit(lane) }
    var now = start
    #expect(lanes.indices.map { _ in run(&queue, for: .milliseconds(1), now: &now) } == [2, 1, 0])
    #expect(queue.next(now: now) == .idle)
  }

  @Test func aLaneThatComesBackIsWaitedForOnBothSidesOfThePatience() {
    for (late, first) in [(Duration.zero, 0), (.nanoseconds(1), 1)] {
      var queue = FairQueue(patience: patience)
      var now = start
      let (quick, slow) = (queue.open(), queue.open())
      for lane in [quick, slow] { queue.submit(lane) }
      #expect(run(&queue, for: .milliseconds(1), comesBack: true, now: &now) == quick)
      #expect(run(&queue, for: .milliseconds(20), comesBack: true, now: &now) == slow)
      queue.submit(quick)
      queue.submit(slow)
      #expect(run(&queue, for: .milliseconds(1), comesBack: true, now: &now) == quick)
      let end = now + patience
      #expect(queue.next(now: now) == .wait(until: end))
      #expect(queue.next(now: end - .nanoseconds(1)) == .wait(until: end))
      now = end - .nanoseconds(1) + late
      if late == .zero {
        queue.submit(quick)
      }
      #expect(queue.next(now: now) == .run(lane: first == 0 ? quick : slow))
    }
  }

  /// Those that have had less go first, and are waited for; whoever has had more is not.
  @Test func aJobGivesWayToWhoHasHadLess() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (long, quick, greedy) = (queue.open(), queue.open(), queue.open())
    queue.submit(greedy)
    run(&queue, for: .milliseconds(100), now: &now)
    queue.submit(long)
    #expect(queue.next(now: now) == .run(lane: long))
    queue.submit(greedy)
    now += .milliseconds(20)
    queue.pause(long, now: now)
    #expect(queue.next(now: now, before: long) == .idle, "the other has had more")
    queue.resume(long, now: now)
    queue.submit(quick)
    now += .milliseconds(20)
    queue.pause(long, now: now)
    for _ in 0..<2 {
      #expect(queue.next(now: now, before: long) == .run(lane: quick))
      now += .milliseconds(10)
      queue.finished(quick, comesBack: true, now: now)
      queue.submit(quick)
    }
    #expect(queue.next(now: now, before: long) == .idle, "they are even since it came")
    queue.resume(long, now: now)
    now += .milliseconds(5)
    queue.pause(long, now: now)
    #expect(queue.next(now: now, before: long) == .run(lane: quick))
    now += .milliseconds(1)
    queue.finished(quick, comesBack: true, now: now)
    #expect(queue.next(now: now, before: long) == .wait(until: now + patience))
    now += patience
    queue.giveUp(now: now)
    #expect(queue.next(now: now, before: long) == .idle)
  }

  /// A job that was begun while another had paused has got far ahead; that one goes on where it
  /// was, and whoever comes then waits for a slice of it, not until it has caught up.
  @Test func whoComesWhileJobsArePausedIsNotHeldBackByWhatTheyHad() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (outer, inner, quick) = (queue.open(), queue.open(), queue.open())
    func quickGoes(before paused: Int) {
      queue.submit(quick)
      now += .milliseconds(20)
      queue.pause(paused, now: now)
      #expect(queue.next(now: now, before: paused) == .run(lane: quick))
      now += .milliseconds(1)
      queue.finished(quick, comesBack: false, now: now)
      #expect(queue.next(now: now, before: paused) == .idle)
      queue.resume(paused, now: now)
    }
    queue.submit(outer)
    #expect(queue.next(now: now) == .run(lane: outer))
    queue.submit(inner)
    now += .milliseconds(20)
    queue.pause(outer, now: now)
    #expect(queue.next(now: now, before: outer) == .run(lane: inner))
    for _ in 0..<100 { quickGoes(before: inner) }
    queue.finished(inner, comesBack: false, now: now)
    #expect(queue.next(now: now, before: outer) == .idle)
    queue.resume(outer, now: now)
    // As much as the quick one has had itself.
    now += .milliseconds(100)
    for _ in 0..<100 { quickGoes(before: outer) }
  }

  @Test func nobodyIsWaitedForWhenNobodyElseWaits() {
    var queue = FairQueue(patience: patience)
    var now = start
    let lane = queue.open()
    queue.submit(lane)
    run(&queue, for: .milliseconds(1), comesBack: true, now: &now)
    #expect(queue.next(now: now) == .idle)
  }

  @Test func waitingIsChargedToWhomItWasFor() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (quick, slow) = (queue.open(), queue.open())
    for lane in [quick, slow] { queue.submit(lane) }
    // Each job of 0.1 ms comes 0.9 ms late: that is a millisecond of the engine.
    var runs = 0
    #expect(run(&queue, for: .microseconds(100), comesBack: true, now: &now) == quick)
    #expect(run(&queue, for: .milliseconds(20), comesBack: true, now: &now) == slow)
    queue.submit(slow)
    queue.submit(quick)
    while run(&queue, for: .microseconds(100), comesBack: true, now: &now) == quick {
      runs += 1
      guard case .wait = queue.next(now: now) else { break }
      now += .microseconds(900)
      queue.submit(quick)
    }
    #expect((19...21).contains(runs))
  }

  @Test func whoNeverComesIsGivenUp() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (gone, other) = (queue.open(), queue.open())
    for lane in [gone, other] { queue.submit(lane) }
    run(&queue, for: .milliseconds(1), comesBack: true, now: &now)
    run(&queue, for: .milliseconds(20), comesBack: true, now: &now)
    queue.submit(other)
    // The other has had its 20 ms: the first lane's promise is long past patience.
    #expect(queue.next(now: now) == .run(lane: other))
    queue.finished(other, comesBack: false, now: now)
    queue.submit(gone)
    run(&queue, for: .zero, comesBack: true, now: &now)
    queue.submit(other)
    guard case .wait = queue.next(now: now) else {
      Issue.record("not waited for")
      return
    }
    queue.giveUp(now: now)
    #expect(queue.next(now: now) == .run(lane: other))
  }

  @Test func anIdleLaneIsOwedNothing() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (busy, idle) = (queue.open(), queue.open())
    for _ in 0..<1000 {
      queue.submit(busy)
      run(&queue, for: .milliseconds(20), comesBack: true, now: &now)
    }
    queue.submit(busy)
    queue.submit(idle)
    var had = 0
    while run(&queue, for: .milliseconds(1), comesBack: true, now: &now) == idle {
      had += 1
      queue.submit(idle)
    }
    // As much as the busy one's last job, not its twenty seconds.
    #expect((20...21).contains(had))
  }

  @Test func whatItHadAloneIsNotHeldAgainstALane() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (early, late) = (queue.open(), queue.open())
    queue.submit(early)
    run(&queue, for: .seconds(100), now: &now)
    queue.submit(late)
    run(&queue, for: .milliseconds(1), comesBack: true, now: &now)
    // Idle meanwhile, and back: it waits for one job, not for a hundred seconds of them.
    queue.submit(late)
    queue.submit(early)
    run(&queue, for: .seconds(101), comesBack: true, now: &now)
    queue.submit(late)
    #expect(run(&queue, for: .milliseconds(1), now: &now) == early)
  }

  @Test func contentionIsWorkOfOthersNowOrPromised() {
    var queue = FairQueue(patience: patience)
    var now = start
    let (a, b) = (queue.open(), queue.open())
    #expect(!queue.isContended(besides: a, now: now))
    queue.submit(b)
    #expect(queue.isContended(besides: a, now: now))
    #expect(!queue.isContended(besides: b, now: now))
    #expect(queue.next(now: now) == .run(lane: b))
    #expect(queue.isContended(besides: a, now: now))
    now += .milliseconds(5)
    queue.finished(b, comesBack: true, now: now)
    let end = now + FairQueue.promiseHolds
    #expect(queue.isContended(besides: a, now: end - .nanoseconds(1)))
    #expect(!queue.isContended(besides: a, now: end))
    queue.submit(b)
    run(&queue, for: .zero, comesBack: false, now: &now)
    #expect(!queue.isContended(besides: a, now: now))
    queue.submit(b)
    queue.close(b)
    #expect(!queue.isContended(besides: a, now: now))
    #expect(queue.next(now: now) == .idle)
  }
}
