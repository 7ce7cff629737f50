import Inference
import Testing

@testable import Batching

@Suite struct SequencePolicyTests {
  let start = ContinuousClock.now

  func policy(
    context: Int = 64, blockTokens: Int = 4, blocks: Int = 64,
    _ change: (inout SequenceOptions) -> Void = { _ in }
  ) -> SequencePolicy {
    var options = SequenceOptions()
    change(&options)
    return SequencePolicy(
      options: options, contextLength: context, vocabularySize: 1009, blockTokens: blockTokens,
      blockCount: blocks)
  }

  func request(_ length: Int, max: Int? = nil, stop: [Int32] = []) -> GenerationRequest {
    GenerationRequest(
      prompt: (0..<length).map { Int32($0) }, maxTokens: max, stopTokens: stop)
  }

  func error(_ body: () throws(BatchingError) -> Void) -> BatchingError? {
    do {
      try body()
      return nil
    } catch { return error }
  }

  /// Completes a step, every drawn token being `token`.
  @discardableResult
  func complete(
    _ policy: inout SequencePolicy, _ step: SequenceStep, token: Int32 = 7,
    duration: Duration? = nil, now: ContinuousClock.Instant? = nil
  ) -> [SequenceEvent] {
    policy.complete(
      step.slices.map { slice in
        .success(slice.sampler.map { StepOutput(token: token, sampler: $0) })
      }, duration: duration, now: now ?? start)
  }

  func shape(_ step: SequenceStep?) -> [[Int]]? {
    step.map { step in
      zip(step.ids, step.slices).map { id, slice in
        [id, slice.position, slice.tokens.count, slice.sampler == nil ? 0 : 1]
      }
    }
  }

  func plan(
    _ policy: inout SequencePolicy, now: ContinuousClock.Instant
  ) throws -> SequenceStep {
    let step = policy.plan(now: now)
    return try #require(step)
  }

  /// Takes steps until a sequence has given its blocks up.
  func preempt(_ policy: inout SequencePolicy) throws {
    for _ in 0..<40 where policy.preemptions == 0 {
      complete(&policy, try plan(&policy, now: start))
    }
    let preemptions = policy.preemptions
    try #require(preemptions > 0)
  }

  func planned(_ policy: inout SequencePolicy) -> [Int]? { policy.plan(now: start)?.ids }

  // MARK: Arrival

  @Test func thePromptMustLeaveRoomInTheContext() throws {
    var policy = policy(context: 10)
    _ = try policy.arrive(request(9), now: start)
    let refused = error { () throws(BatchingError) in
      _ = try policy.arrive(request(10), now: start)
    }
    #expect(refused?.code == .tooLarge)
    #expect(refused?.message.contains("10 tokens") == true)
    #expect(refused?.message.contains("9 at most") == true)
  }

  @Test func theContextIsNoLongerThanTheBlocks() {
    #expect(policy(context: 1000, blockTokens: 4, blocks: 3).contextLength == 12)
  }

  @Test func nonsenseIsRefused() {
    var policy = policy()
    for bad in [
      request(0), request(2, max: 0), GenerationRequest(prompt: [1, -1]),
      GenerationRequest(prompt: [1009]),
    ] {
      let refused = error { () throws(BatchingError) in _ = try policy.arrive(bad, now: start) }
      #expect(refused?.code == .invalidRequest)
    }
    var late = request(2)
    late.deadline = start
    let refused = error { () throws(BatchingError) in _ = try policy.arrive(late, now: start) }
    #expect(refused?.code == .deadlineExceeded)
  }

  @Test func waitingIsBoundedInPromptsAndTokens() throws {
    var policy = policy {
      $0.maxWaiting = 2
      $0.maxWaitingTokens = 20
    }
    _ = try policy.arrive(request(15), now: start)
    let byTokens = error { () throws(BatchingError) in
      _ = try policy.arrive(request(6), now: start)
    }
    #expect(byTokens?.code == .queueFull)
    _ = try policy.arrive(request(5), now: start)
    let byCount = error { () throws(BatchingError) in
      _ = try policy.arrive(request(1), now: start)
    }
    #expect(byCount?.code == .queueFull)
    #expect(byCount?.retryAfter == RetryAdvice.unmeasured)
  }

  /// What a stream has drawn is no prompt, also when it waits to be computed again.
  @Test func onlyPromptsCountOfWhatWaitsAgain() throws {
    var policy = policy(context: 24, blocks: 6) { $0.maxWaitingTokens = 12 }
    _ = try policy.arrive(request(11), now: start)
    complete(&policy, try plan(&policy, now: start))
    _ = try policy.arrive(request(7), now: start)
    try preempt(&policy)
    #expect(policy.waiting.first.map { $0.promptTokens == 7 && $0.generated > 0 } == true)
    let refused = error { () throws(BatchingError) in
      _ = try policy.arrive(request(6), now: start)
    }
    #expect(refused?.code == .queueFull)
    _ = try policy.arrive(request(5), now: start)
  }

  /// However many short ones have ended, a long one that runs counts for what it has left.
  @Test func retryAdviceIsWhatRunningSequencesHaveLeft() throws {
    var policy = policy(context: 1024, blocks: 1024) {
      $0.maxWaiting = 1
      $0.maxRunning = 1
    }
    let step = Duration.milliseconds(10)
    for _ in 0..<20 {
      _ = try policy.arrive(request(1, max: 1), now: start)
      complete(&policy, try plan(&policy, now: start), duration: step)
    }
    _ = try policy.arrive(request(1, max: 100), now: start)
    complete(&policy, try plan(&policy, now: start), duration: step)
    _ = try policy.arrive(request(1, max: 1), now: start)
    func advice() -> Duration? {
      error { () throws(BatchingError) in
        _ = try policy.arrive(request(1, max: 1), now: start)
      }?.retryAfter
    }
    let first = try #require(advice())
    #expect(first > .milliseconds(980) && first < .milliseconds(1_010), "99 steps: \(first)")
    for _ in 0..<49 { complete(&policy, try plan(&policy, now: start), duration: step) }
    let later = try #require(advice())
    #expect(later > .milliseconds(490) && later < .milliseconds(520), "50 steps: \(later)")
  }

  @Test func retryAdviceKnowsHowMuchOfTheirLimitSequencesDraw() throws {
    var policy = policy(context: 1024, blocks: 1024) {
      $0.maxWaiting = 1
      $0.maxRunning = 1
    }
    // Each draws 10 tokens of 100 and stops.
    for _ in 0..<20 {
      let id = try policy.arrive(request(1, max: 100), now: start)
      for _ in 0..<10 {
        complete(&policy, try plan(&policy, now: start), duration: .milliseconds(10))
      }
      policy.remove(id, .stop, now: start)
    }
    _ = try policy.arrive(request(1, max: 100), now: start)
    complete(&policy, try plan(&policy, now: start), duration: .milliseconds(10))
    _ = try policy.arrive(request(1, max: 1), now: start)
    let refused = error { () throws(BatchingError) in
      _ = try policy.arrive(request(1, max: 1), now: start)
    }
    let advice = try #require(refused?.retryAfter)
    #expect(advice > .milliseconds(90) && advice < .milliseconds(110), "a tenth: \(advice)")
  }

  /// Runs a new sequence until its first token and pauses it, as a reader who does not read does.
  private func pauseOne(_ policy: inout SequencePolicy) throws -> Int {
    let id = try policy.arrive(request(4), now: start)
    complete(&policy, try plan(&policy, now: start))
    policy.setPaused(id, true)
    return id
  }

  @Test func whoDoesNotReadKeepsNobodyOut() throws {
    // Blocks for two; each further one takes a paused one's.
    var policy = policy(blocks: 4) { $0.maxWaiting = 3 }
    var ids: [Int] = []
    for _ in 0..<20 {
      ids.append(try pauseOne(&policy))
      for event in policy.expire(now: start) {
        guard case .failed(let id, let error) = event else { continue }
        #expect(error.code == .unread && error.message.contains("queue_limit"))
        #expect(id == ids.removeFirst(), "who has not read for longest")
      }
    }
    #expect(policy.waiting.count == 3 && policy.waiting.allSatisfy(\.isPaused))
    #expect(ids.count == policy.waiting.count + policy.running.count)
    // The places of others are theirs.
    for _ in 0..<3 { _ = try policy.arrive(request(1), now: start) }
    let refused = error { () throws(BatchingError) in
      _ = try policy.arrive(request(1), now: start)
    }
    #expect(refused?.code == .queueFull)
  }

  // MARK: Steps

  @Test func promptsAreCutToTheBudget() throws {
    var policy = policy { $0.maxStepTokens = 8 }
    _ = try policy.arrive(request(20), now: start)
    for expected in [[0, 0, 8, 0], [0, 8, 8, 0], [0, 16, 4, 1], [0, 20, 1, 1]] {
      let step = try plan(&policy, now: start)
      #expect(shape(step) == [expected])
      complete(&policy, step)
    }
  }

  @Test func runningSequencesComeFirstAndPromptsGetTheRest() throws {
    var policy = policy { $0.maxStepTokens = 8 }
    _ = try policy.arrive(request(3), now: start)
    complete(&policy, try plan(&policy, now: start))
    _ = try policy.arrive(request(10), now: start)
    _ = try policy.arrive(request(10), now: start)
    var step = try plan(&policy, now: start)
    #expect(shape(step) == [[0, 3, 1, 1], [1, 0, 7, 0]])
    complete(&policy, step)
    step = try plan(&policy, now: start)
    #expect(shape(step) == [[0, 4, 1, 1], [1, 7, 3, 1], [2, 0, 4, 0]])
  }

  @Test func noStepIsOverTheBudgetAndNoStreamStops() throws {
    var policy = policy(context: 64, blocks: 1024) {
      $0.maxStepTokens = 16
      $0.maxRunning = 12
    }
    for _ in 0..<30 { _ = try policy.arrive(request(40), now: start) }
    for _ in 0..<60 {
      let decoding = policy.running.filter(\.isDecoding).map(\.id)
      let step = try plan(&policy, now: start)
      #expect(step.tokens <= 16)
      #expect(step.ids.count <= 12)
      #expect(Set(decoding).isSubset(of: step.ids))
      complete(&policy, step)
    }
  }

  @Test func whileOthersWaitAPromptIsCutToASlice() throws {
    var policy = policy(context: 400, blockTokens: 4, blocks: 400) {
      $0.engineSlice = .milliseconds(20)
    }
    _ = try policy.arrive(request(3), now: start)
    // A millisecond for a token; before that is known, a block's worth goes at a time.
    complete(&policy, try plan(&policy, now: start), duration: .milliseconds(3))
    for length in [300, 300] { _ = try policy.arrive(request(length), now: start) }
    let step = policy.plan(now: start, isContended: true)
    #expect(shape(step) == [[0, 3, 1, 1], [1, 0, 19, 0]])
    complete(&policy, try #require(step), duration: .milliseconds(20))
    let alone = try plan(&policy, now: start)
    #expect(shape(alone) == [[0, 4, 1, 1], [1, 19, 255, 0]])
  }

  @Test func aloneAStepIsNoLongerThanATurn() throws {
    var policy = policy(context: 400, blockTokens: 4, blocks: 400) { $0.maxStepTokens = 256 }
    _ = try policy.arrive(request(3), now: start)
    let token = EngineTurn.alone / 100
    complete(&policy, try plan(&policy, now: start), duration: token * 3)
    for _ in 2..<CostModel.minimumSamples {
      complete(&policy, try plan(&policy, now: start), duration: token)
    }
    _ = try policy.arrive(request(300), now: start)
    // One step is missing until its times are trusted.
    let whole = try plan(&policy, now: start)
    #expect(shape(whole) == [[0, 9, 1, 1], [1, 0, 255, 0]])
    complete(&policy, whole, duration: token * 256)
    _ = try policy.arrive(request(300), now: start)
    let cut = try plan(&policy, now: start)
    #expect((98...100).contains(cut.tokens))
  }

  @Test func aPromptGetsOnHoweverShortTheSlice() throws {
    var policy = policy(blockTokens: 4) { $0.engineSlice = .zero }
    _ = try policy.arrive(request(10), now: start)
    for expected in [[0, 0, 4, 0], [0, 4, 4, 0], [0, 8, 2, 1]] {
      let step = policy.plan(now: start, isContended: true)
      #expect(shape(step) == [expected])
      complete(&policy, try #require(step), duration: .seconds(3))
    }
  }

  @Test func aStepSaysWhetherAnotherFollows() throws {
    var policy = policy { $0.maxStepTokens = 8 }
    let first = try policy.arrive(request(10, max: 2), now: start)
    var said: [Bool] = []
    while let step = policy.plan(now: start) {
      said.append(step.comesBack)
      complete(&policy, step)
    }
    #expect(said == [true, true, false])
    _ = try policy.arrive(request(10, max: 1), now: start)
    complete(&policy, try plan(&policy, now: start))
    let waiting = try policy.arrive(request(8, max: 1), now: start)
    // The last of the one takes two tokens, the other waits for the rest of its prompt.
    #expect(try plan(&policy, now: start).comesBack)
    policy.remove(waiting, .cancelled, now: start)
    policy.remove(first, .cancelled, now: start)
  }

  @Test func runningIsBounded() throws {
    var policy = policy { $0.maxRunning = 2 }
    for _ in 0..<3 { _ = try policy.arrive(request(2), now: start) }
    #expect(planned(&policy) == [0, 1])
    #expect(policy.waiting.map(\.id) == [2])
  }

  @Test func theRepetitionPenaltySeesThePrompt() throws {
    var policy = policy()
    var penalised = request(6)
    penalised.sampling.repetitionPenalty = 2
    for request in [request(6), penalised] { _ = try policy.arrive(request, now: start) }
    let drawn = try plan(&policy, now: start).slices.map { slice in
      // Token 5 stands in the prompt and is the likeliest as long as that does not count.
      var logits = [Float](repeating: 0, count: 1009)
      (logits[5], logits[9]) = (3, 2)
      var span = logits.mutableSpan
      var sampler = slice.sampler
      return try sampler?.draw(from: &span)
    }
    #expect(drawn == [5, 9])
  }

  // MARK: Endings

  @Test func aStopTokenEndsAndIsNotDelivered() throws {
    var policy = policy()
    _ = try policy.arrive(request(4, stop: [2, 3]), now: start)
    complete(&policy, try plan(&policy, now: start))
    let events = complete(&policy, try plan(&policy, now: start), token: 3)
    guard case .ended(0, let summary) = events.first, events.count == 1 else {
      Issue.record("\(events)")
      return
    }
    #expect(summary.reason == .endOfSequence)
    #expect(summary.generatedTokens == 1)
    #expect(policy.allocator.freeCount == 64)
  }

  @Test(arguments: [(4, 2, 2), (4, nil, 6), (4, 100, 6), (9, nil, 1)] as [(Int, Int?, Int)])
  func lengthIsCappedToTheContext(prompt: Int, max: Int?, expected: Int) throws {
    var policy = policy(context: 10)
    _ = try policy.arrive(request(prompt, max: max), now: start)
    var tokens = 0
    while let step = policy.plan(now: start) {
      for event in complete(&policy, step) {
        switch event {
        case .token(_, let token, _, _):
          #expect(token == GeneratedToken(id: 7, index: tokens))
          tokens += 1
        case .ended(_, let summary):
          #expect(summary.reason == .length)
          #expect(summary.generatedTokens == expected)
        case .failed: Issue.record("failed")
        }
      }
    }
    #expect(tokens == expected)
    #expect(policy.allocator.freeCount == 64)
  }

  @Test func deadlinesEndRunningAndWaitingOnes() throws {
    var policy = policy { $0.maxRunning = 1 }
    var timed = request(4)
    timed.deadline = start + .seconds(1)
    _ = try policy.arrive(timed, now: start)
    _ = try policy.arrive(timed, now: start)
    complete(&policy, try plan(&policy, now: start))
    #expect(policy.earliestDeadline == start + .seconds(1))
    let tooEarly = policy.expire(now: start + .seconds(1) - .nanoseconds(1))
    #expect(tooEarly.isEmpty)
    let events = policy.expire(now: start + .seconds(1))
    #expect(events.count == 2)
    for case .ended(_, let summary) in events { #expect(summary.reason == .deadline) }
    #expect(planned(&policy) == nil)
    #expect(policy.allocator.freeCount == 64)
  }

  @Test func whatEndsDuringAStepIsForgotten() throws {
    var policy = policy()
    let (a, b) = (
      try policy.arrive(request(4), now: start), try policy.arrive(request(4), now: start)
    )
    let step = try plan(&policy, now: start)
    let removed = policy.remove(a, .cancelled, now: start)
    let again = policy.remove(a, .cancelled, now: start)
    #expect(removed?.reason == .cancelled)
    #expect(again == nil)
    let events = complete(&policy, step)
    #expect(events.count == 1)
    guard case .token(b, _, _, _) = events[0] else {
      Issue.record("\(events)")
      return
    }
    #expect(planned(&policy) == [b])
  }

  @Test func aFailedSliceEndsItsSequenceOnly() throws {
    var policy = policy()
    for _ in 0..<2 { _ = try policy.arrive(request(4), now: start) }
    let step = try plan(&policy, now: start)
    let sampler = Sampler(options: SamplingOptions())
    let events = policy.complete(
      [
        .failure(.backendFailed(BadInput(value: 1))),
        .success(StepOutput(token: 5, sampler: sampler)),
      ], duration: nil, now: start)
    #expect(events.count == 2)
    guard case .failed(id: 0, _) = events[0] else {
      Issue.record("\(events)")
      return
    }
    #expect(policy.running.map(\.id) == [1])
    _ = step
  }

  @Test func timesAreTold() throws {
    var policy = policy()
    _ = try policy.arrive(request(4, max: 1), now: start)
    let step = try plan(&policy, now: start + .milliseconds(3))
    let events = complete(&policy, step, now: start + .milliseconds(8))
    guard case .token(_, _, let queued, let sinceArrival) = events[0],
      case .ended(_, let summary) = events[1]
    else {
      Issue.record("\(events)")
      return
    }
    #expect(queued == .milliseconds(3) && sinceArrival == .milliseconds(8))
    #expect(
      summary
        == GenerationSummary(
          reason: .length, promptTokens: 4, generatedTokens: 1, queued: .milliseconds(3),
          timeToFirstToken: .milliseconds(8), total: .milliseconds(8)))
  }

  // MARK: Blocks

  @Test func admissionWaitsForBlocks() throws {
    // 6 blocks of 4: the first takes 3, keeps 1 in reserve, so 2 are to be had.
    for (length, admitted) in [(8, true), (9, false)] {
      var policy = policy(context: 24, blocks: 6)
      _ = try policy.arrive(request(12), now: start)
      _ = try policy.arrive(request(length), now: start)
      #expect(planned(&policy) == (admitted ? [0, 1] : [0]))
    }
  }

  @Test func nothingYoungerGoesPast() throws {
    var policy = policy(context: 24, blocks: 6)
    _ = try policy.arrive(request(12), now: start)
    _ = try policy.arrive(request(16), now: start)
    _ = try policy.arrive(request(1), now: start)
    #expect(planned(&policy) == [0])
  }

  @Test func theYoungestGivesItsBlocksUpAndKeepsItsTokens() throws {
    var policy = policy(context: 24, blocks: 6)
    _ = try policy.arrive(request(11), now: start)
    _ = try policy.arrive(request(7), now: start)
    var preempted: SequenceStep?
    for _ in 0..<40 {
      let before = policy.preemptions
      guard let step = policy.plan(now: start) else { break }
      if policy.preemptions > before { preempted = step }
      if preempted != nil { break }
      complete(&policy, step)
    }
    let step = try #require(preempted)
    #expect(step.ids == [0])
    #expect(policy.waiting.map(\.id) == [1])
    let waiting = try #require(policy.waiting.first)
    #expect(waiting.computed == 0 && waiting.blocks.isEmpty)
    #expect(waiting.generated > 0)
    complete(&policy, step)
    policy.remove(0, .stop, now: start)
    let again = try plan(&policy, now: start)
    #expect(shape(again) == [[1, 0, waiting.tokens.count, 1]])
  }

  @Test func aPausedSequenceIsNotSteppedAndGivesItsBlocksUpFirst() throws {
    var policy = policy(context: 24, blocks: 6)
    _ = try policy.arrive(request(4), now: start)
    _ = try policy.arrive(request(4), now: start)
    complete(&policy, try plan(&policy, now: start))
    policy.setPaused(0, true)
    #expect(planned(&policy) == [1])
    complete(&policy, SequenceStep(slices: [slice(token: 7)], ids: [1]))
    _ = try policy.arrive(request(12), now: start)
    let step = try plan(&policy, now: start)
    #expect(step.ids == [1, 2])
    #expect(policy.waiting.map(\.id) == [0])
    complete(&policy, step)
    // Still slow: it does not come back by itself, and does not keep others from being admitted.
    #expect(planned(&policy) == [1, 2])
    complete(&policy, SequenceStep(slices: [slice(token: 7), slice(token: 7)], ids: [1, 2]))
    policy.setPaused(0, false)
    policy.remove(2, .stop, now: start)
    #expect(planned(&policy) == [1, 0])
  }

  @Test func aGrowingSequenceTakesBlocksOfAPausedOneFirst() throws {
    var policy = policy(context: 32, blocks: 8)
    for length in [4, 8, 8] { _ = try policy.arrive(request(length), now: start) }
    complete(&policy, try plan(&policy, now: start))
    policy.setPaused(0, true)
    try preempt(&policy)
    // The paused one is the oldest, and yet it goes before the youngest.
    #expect(policy.waiting.map(\.id) == [0])
    #expect(policy.running.map(\.id) == [1, 2])
  }

  func slice(token: Int32) -> SequenceSlice {
    SequenceSlice(
      tokens: [token], position: 0, blocks: [],
      sampler: Sampler(options: SamplingOptions()))
  }
}
