import Metrics
import Testing

@testable import Batching

@Suite struct BatchPolicyTests {
  let start = ContinuousClock.now

  func policy(_ change: (inout BatchOptions) -> Void = { _ in }) -> BatchPolicy {
    var options = BatchOptions()
    change(&options)
    return BatchPolicy(options: options)
  }

  /// Check and enqueue, as the batcher does for one input.
  func submit(
    _ policy: inout BatchPolicy, _ id: Int, cost: Int = 1,
    deadline: ContinuousClock.Instant? = nil, now: ContinuousClock.Instant? = nil
  ) throws(BatchingError) {
    let now = now ?? start
    try policy.check(inputs: 1, tokens: cost, largest: cost, deadline: deadline, now: now)
    policy.enqueue(id, cost: cost, deadline: deadline, now: now)
  }

  func code(_ body: () throws(BatchingError) -> Void) -> BatchingError.Code? {
    do {
      try body()
      return nil
    } catch { return error.code }
  }

  /// `count` batches of `tokens` that each took `duration`.
  func train(_ policy: inout BatchPolicy, tokens: Int, duration: Duration, count: Int = 8) throws {
    for _ in 0..<count {
      try submit(&policy, 0, cost: tokens)
      #expect(policy.next(now: start) == .run([0], tokens: tokens))
      policy.finished(duration: duration)
    }
  }

  // MARK: Starting

  @Test func anIdleEngineStartsAtOnce() throws {
    var policy = policy()
    #expect(policy.next(now: start) == .idle)
    try submit(&policy, 0)
    #expect(policy.next(now: start) == .run([0], tokens: 1))
  }

  /// In the order of arrival, before what came meanwhile.
  @Test func whatABatchDidNotComeToWaitsWhereItStood() throws {
    var policy = policy { $0.maxBatchInputs = 3 }
    for id in 0..<3 { try submit(&policy, id, deadline: start + .seconds(id + 1)) }
    #expect(policy.next(now: start) == .run([0, 1, 2], tokens: 3))
    for id in 3...5 { try submit(&policy, id) }
    policy.finished(duration: .milliseconds(1), tokens: 1)
    policy.putBack([1, 2])
    #expect(policy.waitingInputs == 5 && policy.waitingTokens == 5)
    #expect(policy.waits(1) && policy.waits(2) && !policy.waits(0))
    // Their deadlines hold as before.
    #expect(policy.expire(now: start + .seconds(2)) == [1])
    #expect(policy.next(now: start) == .run([2, 3, 4], tokens: 3))
    policy.finished(duration: nil)
    policy.putBack([2, 3, 4])
    policy.cancel(3)
    #expect(policy.next(now: start) == .run([2, 4, 5], tokens: 3))
    policy.finished(duration: nil)
    policy.putBack([2, 4, 5])
    // None had a place in the queue of its own.
    #expect(policy.next(now: start) == .run([2, 4, 5], tokens: 3))
    policy.finished(duration: nil)
    #expect(policy.next(now: start) == .idle && policy.waitingTokens == 0)
  }

  @Test func whatComesWhileABatchRunsIsTheNext() throws {
    var policy = policy()
    try submit(&policy, 0)
    #expect(policy.next(now: start) == .run([0], tokens: 1))
    for id in 1...5 { try submit(&policy, id) }
    #expect(policy.next(now: start) == .busy)
    policy.finished(duration: .milliseconds(1))
    #expect(policy.next(now: start) == .run([1, 2, 3, 4, 5], tokens: 5))
    policy.finished(duration: nil)
    #expect(policy.next(now: start) == .idle)
  }

  // MARK: Budgets

  @Test(arguments: 1...3) func inputsOnBothSidesOfTheBound(inputs: Int) throws {
    var policy = policy { $0.maxBatchInputs = 2 }
    for id in 0..<inputs { try submit(&policy, id) }
    #expect(
      policy.next(now: start) == .run(Array(0..<min(inputs, 2)), tokens: min(inputs, 2)))
    #expect(policy.waitingInputs == max(0, inputs - 2))
  }

  @Test func tokensOnBothSidesOfTheBound() throws {
    for (last, together) in [(4, true), (5, false)] {
      var policy = policy { $0.maxBatchTokens = 12 }
      try submit(&policy, 0, cost: 4)
      try submit(&policy, 1, cost: 4)
      try submit(&policy, 2, cost: last)
      #expect(
        policy.next(now: start)
          == (together ? .run([0, 1, 2], tokens: 12) : .run([0, 1], tokens: 8)))
    }
  }

  @Test func anInputOverABatchIsRefused() throws {
    var policy = policy { $0.maxBatchTokens = 10 }
    #expect(code { () throws(BatchingError) in try submit(&policy, 0, cost: 10) } == nil)
    #expect(code { () throws(BatchingError) in try submit(&policy, 1, cost: 11) } == .tooLarge)
  }

  @Test func theQueueIsBoundedInInputs() throws {
    var policy = policy { $0.maxQueueInputs = 3 }
    for id in 0..<3 { try submit(&policy, id) }
    do {
      try submit(&policy, 3)
      Issue.record("a fourth input in a queue of three")
    } catch {
      #expect(error.code == .queueFull)
      #expect(error.retryAfter == RetryAdvice.unmeasured)
      #expect(error.message.contains("(3 inputs, queue_limit)"))
    }
    policy.cancel(1)
    try submit(&policy, 1)
  }

  @Test func theQueueIsBoundedInTokens() throws {
    var policy = policy {
      $0.maxQueueTokens = 10
      $0.maxBatchTokens = 10
    }
    try submit(&policy, 0, cost: 7)
    #expect(code { () throws(BatchingError) in try submit(&policy, 1, cost: 4) } == .queueFull)
    try submit(&policy, 1, cost: 3)
  }

  @Test func aRequestThatNeverFitsIsNotToldToRetry() {
    let policy = policy { $0.maxQueueInputs = 3 }
    for (inputs, expected) in [(3, nil), (4, BatchingError.Code.tooLarge)] {
      let found = code { () throws(BatchingError) in
        try policy.check(inputs: inputs, tokens: inputs, largest: 1, deadline: nil, now: start)
      }
      #expect(found == expected)
    }
  }

  @Test func retryAdviceComesFromMeasuredBatches() throws {
    var policy = policy {
      $0.maxQueueInputs = 4
      $0.maxBatchInputs = 1
    }
    try train(&policy, tokens: 1, duration: .milliseconds(30))
    for id in 0..<4 { try submit(&policy, id) }
    do {
      try submit(&policy, 4)
      Issue.record("accepted")
    } catch {
      let advice = try #require(error.retryAfter)
      #expect(abs(advice.seconds - 0.120) < 0.001)
    }
  }

  // MARK: Buckets

  @Test func similarLengthsGoTogetherWhenNotAllFit() throws {
    var policy = policy { $0.maxBatchInputs = 3 }
    for (id, cost) in [10, 900, 11, 1000, 9, 12].enumerated() {
      try submit(&policy, id, cost: cost)
    }
    #expect(policy.next(now: start) == .run([0, 2, 4], tokens: 30))
    policy.finished(duration: nil)
    // The oldest is now a long one, and leads.
    #expect(policy.next(now: start) == .run([1, 3, 5], tokens: 1912))
  }

  @Test func theOldestIsAlwaysInTheNextBatch() throws {
    var policy = policy { $0.maxBatchInputs = 2 }
    try submit(&policy, 0, cost: 1)
    #expect(policy.next(now: start) == .run([0], tokens: 1))
    try submit(&policy, 1, cost: 500)
    for id in 2..<40 { try submit(&policy, id, cost: 1) }
    policy.finished(duration: nil)
    guard case .run(let ids, _) = policy.next(now: start) else {
      Issue.record("no batch")
      return
    }
    #expect(ids.first == 1)
    #expect(ids.count == 2)
  }

  // MARK: Slices

  @Test func whileOthersWaitABatchIsASlice() throws {
    var policy = policy { $0.engineSlice = .milliseconds(21) }
    try train(&policy, tokens: 100, duration: .milliseconds(10))
    for id in 0..<9 { try submit(&policy, id, cost: 50) }
    #expect(policy.next(now: start, isContended: true) == .run([0, 1, 2, 3], tokens: 200))
    policy.finished(duration: nil)
    #expect(policy.next(now: start) == .run([4, 5, 6, 7, 8], tokens: 250))
  }

  /// Who comes while nobody else had work waits for the batch that runs, whose length is then all
  /// of the wait: a second and more for a full one of a small model on two cores.
  @Test func aloneABatchIsNoLongerThanATurn() throws {
    var policy = policy { $0.maxBatchTokens = 5000 }
    try train(&policy, tokens: 100, duration: EngineTurn.alone / 10, count: 7)
    // Not trusted yet: one more is needed.
    for id in 0..<20 { try submit(&policy, id, cost: 100) }
    #expect(policy.next(now: start) == .run(Array(0..<20), tokens: 2000))
    policy.finished(duration: EngineTurn.alone * 2)
    for id in 0..<20 { try submit(&policy, id, cost: 100) }
    #expect(policy.next(now: start) == .run(Array(0..<10), tokens: 1000))
  }

  @Test func aSliceLongerThanATurnCountsForBoth() throws {
    var policy = policy { $0.engineSlice = EngineTurn.alone * 2 }
    try train(&policy, tokens: 100, duration: EngineTurn.alone)
    for id in 0..<3 { try submit(&policy, id, cost: 100) }
    #expect(policy.next(now: start) == .run([0, 1], tokens: 200))
  }

  @Test func oneInputGoesHoweverShortTheSlice() throws {
    var policy = policy { $0.engineSlice = .zero }
    // Nothing is measured yet.
    for id in 0..<3 { try submit(&policy, id, cost: 50) }
    #expect(policy.next(now: start, isContended: true) == .run([0], tokens: 50))
    policy.finished(duration: .seconds(5))
    #expect(policy.next(now: start, isContended: true) == .run([1], tokens: 50))
  }

  // MARK: Delay

  @Test func theDelayIsFromTheOldestAndOnBothSidesOfTheBound() throws {
    var policy = policy { $0.maxQueueDelay = .milliseconds(5) }
    try submit(&policy, 0)
    try submit(&policy, 1, now: start + .milliseconds(3))
    let end = start + .milliseconds(5)
    #expect(policy.next(now: start) == .wait(until: end))
    #expect(policy.next(now: end - .nanoseconds(1)) == .wait(until: end))
    #expect(policy.next(now: end) == .run([0, 1], tokens: 2))
  }

  @Test func aFullBatchDoesNotWait() throws {
    var policy = policy {
      $0.maxQueueDelay = .milliseconds(5)
      $0.maxBatchInputs = 2
      $0.maxBatchTokens = 10
    }
    try submit(&policy, 0, cost: 9)
    #expect(policy.next(now: start) == .wait(until: start + .milliseconds(5)))
    try submit(&policy, 1, cost: 1)
    #expect(policy.next(now: start) == .run([0, 1], tokens: 10))
  }

  @Test func nobodyMissesADeadlineForCompany() throws {
    var policy = policy { $0.maxQueueDelay = .milliseconds(5) }
    try submit(&policy, 0)
    #expect(policy.next(now: start) == .wait(until: start + .milliseconds(5)))
    try submit(&policy, 1, deadline: start + .milliseconds(4))
    #expect(policy.next(now: start) == .run([0, 1], tokens: 2))
  }

  // MARK: Cancelled and expired

  @Test func cancelledEntriesAreNotComputed() throws {
    var policy = policy()
    for id in 0..<3 { try submit(&policy, id, cost: 5) }
    #expect([1, 1, 99].map { policy.cancel($0) } == [true, false, false])
    #expect(policy.waitingInputs == 2)
    #expect(policy.waitingTokens == 10)
    #expect(policy.next(now: start) == .run([0, 2], tokens: 10))
    #expect(policy.cancel(0) == false)
  }

  @Test func expiredEntriesAreDroppedOnBothSidesOfTheDeadline() throws {
    var policy = policy()
    let deadline = start + .milliseconds(10)
    try submit(&policy, 0, deadline: deadline)
    try submit(&policy, 1)
    try submit(&policy, 2, deadline: deadline + .milliseconds(1))
    #expect(policy.expire(now: deadline - .nanoseconds(1)) == [])
    #expect(policy.expire(now: deadline) == [0])
    #expect(policy.expire(now: deadline) == [])
    #expect(policy.expire(now: deadline + .milliseconds(1)) == [2])
    #expect(policy.next(now: deadline) == .run([1], tokens: 1))
  }

  @Test func aPassedDeadlineIsRefusedOnArrival() throws {
    var policy = policy()
    #expect(
      code { () throws(BatchingError) in try submit(&policy, 0, deadline: start) }
        == .deadlineExceeded)
    try submit(&policy, 0, deadline: start + .nanoseconds(1))
  }

  // MARK: The fitted cost

  @Test func withoutDataNothingIsRefused() throws {
    var policy = policy()
    try train(&policy, tokens: 100, duration: .seconds(10), count: 7)
    try submit(&policy, 0, cost: 100)
    try submit(&policy, 1, cost: 100, deadline: start + .milliseconds(1))
  }

  @Test func theHopelessAreRefusedOnBothSidesOfTheBound() throws {
    var policy = policy { $0.maxBatchInputs = 1 }
    try train(&policy, tokens: 100, duration: .milliseconds(10))
    try submit(&policy, 0, cost: 100)
    #expect(policy.next(now: start) == .run([0], tokens: 100))
    try submit(&policy, 1, cost: 100)
    // 4 ms into the first batch: 6 ms of it left, 10 for the second, 10 for its own.
    let now = start + .milliseconds(4)
    #expect(
      code { () throws(BatchingError) in
        try submit(&policy, 2, cost: 100, deadline: now + .milliseconds(25), now: now)
      } == .hopeless)
    try submit(&policy, 2, cost: 100, deadline: now + .milliseconds(27), now: now)
  }

  @Test func theHopelessAreToldHowLongTheQueueIsAndWhenToComeBack() throws {
    var policy = policy { $0.maxBatchInputs = 1 }
    try train(&policy, tokens: 100, duration: .milliseconds(10))
    for id in 0..<4 { try submit(&policy, id, cost: 100) }
    do {
      try submit(&policy, 4, cost: 100, deadline: start + .milliseconds(30))
      Issue.record("accepted")
    } catch {
      #expect(error.code == .hopeless)
      #expect(error.message.contains("the queue is 50 ms long, the deadline is in 30 ms"))
      // By then 20 ms of the queue are gone, and 30 are enough.
      #expect(abs(try #require(error.retryAfter).seconds - 0.020) < 0.001)
    }
  }

  /// However short the queue, the request itself takes longer: coming back changes nothing.
  @Test func whoCanNeverBeInTimeIsNotToldToComeBack() throws {
    var policy = policy { $0.maxBatchInputs = 2 }
    try train(&policy, tokens: 200, duration: .milliseconds(10))
    try submit(&policy, 0, cost: 200)
    // Five batches of its own, and one that waits already.
    for (left, isEver) in [(49, false), (51, true)] {
      do {
        try policy.check(
          inputs: 10, tokens: 1000, largest: 200, deadline: start + .milliseconds(left), now: start)
        Issue.record("accepted")
      } catch {
        #expect(error.code == .hopeless)
        #expect((error.retryAfter != nil) == isEver)
        #expect(error.message.contains("split it") == !isEver)
      }
    }
  }

  @Test func theLastBatchOfARequestWaitsForThoseBefore() throws {
    var policy = policy { $0.maxBatchInputs = 2 }
    #expect(policy.leastWait(inputs: 10, tokens: 1000) == nil)
    try train(&policy, tokens: 200, duration: .milliseconds(10))
    #expect(policy.leastWait(inputs: 2, tokens: 200) == .zero)
    // Five batches of 200 tokens: four before the last.
    let wait = try #require(policy.leastWait(inputs: 10, tokens: 1000))
    #expect(abs(wait.seconds - 0.040) < 0.001)
  }

  @Test func aStuckBatchIsNotCountedAsTimeGained() throws {
    var policy = policy { $0.maxBatchInputs = 1 }
    try train(&policy, tokens: 100, duration: .milliseconds(10))
    try submit(&policy, 0, cost: 100)
    #expect(policy.next(now: start) == .run([0], tokens: 100))
    let now = start + .seconds(5)
    #expect(
      code { () throws(BatchingError) in
        try submit(&policy, 1, cost: 100, deadline: now + .milliseconds(9), now: now)
      } == .hopeless)
    try submit(&policy, 1, cost: 100, deadline: now + .milliseconds(11), now: now)
  }

  @Test func anIdleEngineAlwaysTries() throws {
    // Otherwise one bad fit would refuse everything for ever, and never be corrected.
    var policy = policy()
    try train(&policy, tokens: 100, duration: .seconds(10))
    try submit(&policy, 0, cost: 100, deadline: start + .milliseconds(1))
  }

  @Test func whatMayOvertakeIsNotCounted() throws {
    var policy = policy { $0.maxBatchInputs = 1 }
    try train(&policy, tokens: 1000, duration: .seconds(1))
    try submit(&policy, 0, cost: 1000)
    // A short one may go first, and a batch of it has never been measured to take long.
    try submit(&policy, 1, cost: 1, deadline: start + .milliseconds(100))
  }
}
