internal import Inference
internal import Metrics

/// What every step of a language model feeds: events in, steps out, no clock of its own.
///
///                 admitted (blocks free)          stop token, length
///     waiting ───────────────────────────▶ running ─────────────────▶ ended
///        ▲                                  │   ▲ │                     ▲
///        └──── preempted (blocks taken) ────┘   │ └─ cancelled, deadline┘
///                       ▲                 drained │ slow reader
///                       └─────────────────── paused
///
/// There are no phases of prefill and decode (Sarathi, arXiv:2308.16369): a step has one budget of
/// tokens. Running sequences come first, one token each; what is left goes to prompts in chunks,
/// in order of arrival. Blocks for a whole prompt are taken at admission, further ones as the
/// sequence grows. When there are none left, a paused sequence gives its blocks up, or else the
/// youngest: its tokens are kept and computed again later.
struct SequencePolicy: Sendable {
  let options: SequenceOptions
  let contextLength: Int
  let vocabularySize: Int
  let blockTokens: Int
  /// Both in order of arrival (of `id`).
  private(set) var running: [ScheduledSequence] = []
  private(set) var waiting: [ScheduledSequence] = []
  private(set) var allocator: BlockAllocator
  private(set) var preemptions = 0
  /// Of the step completed last: how long after the one before it each stream's token came.
  private(set) var tokenGaps: [Duration] = []
  private var nextID = 0
  private var pauses = 0
  private var inFlight: [(id: Int, fed: Int)] = []
  private var costModel = CostModel()
  private var forecast = SequenceForecast()
  /// Sequences that had to go when a step was planned; `expire` tells of them.
  private var dropped: [SequenceEvent] = []

  /// - Parameters:
  ///   - options: bounds below 1 count as 1.
  ///   - contextLength: most positions of a sequence; less when the blocks hold less.
  init(
    options: SequenceOptions, contextLength: Int, vocabularySize: Int, blockTokens: Int,
    blockCount: Int
  ) {
    precondition(blockTokens > 0 && blockCount > 0, "a language model needs KV blocks")
    var options = options
    options.maxStepTokens = max(1, options.maxStepTokens)
    options.maxRunning = min(max(1, options.maxRunning), options.maxStepTokens)
    options.maxWaiting = max(1, options.maxWaiting)
    options.maxWaitingTokens = max(1, options.maxWaitingTokens)
    options.streamBuffer = max(1, options.streamBuffer)
    self.options = options
    self.contextLength = min(contextLength, blockTokens * blockCount)
    self.vocabularySize = vocabularySize
    self.blockTokens = blockTokens
    allocator = BlockAllocator(blockCount: blockCount)
  }

  // MARK: Arrivals and endings

  /// Puts a sequence in the waiting queue.
  mutating func arrive(
    _ request: GenerationRequest, now: ContinuousClock.Instant
  ) throws(BatchingError) -> Int {
    try check(request, now: now)
    let room = contextLength - request.prompt.count
    let id = nextID
    nextID += 1
    waiting.append(
      ScheduledSequence(
        id: id, tokens: request.prompt, promptTokens: request.prompt.count,
        limit: min(request.maxTokens ?? room, room), stopTokens: request.stopTokens,
        sampler: Sampler(options: request.sampling, prompt: request.prompt),
        deadline: request.deadline, arrival: now))
    return id
  }

  private func check(
    _ request: GenerationRequest, now: ContinuousClock.Instant
  ) throws(BatchingError) {
    let length = request.prompt.count
    if length == 0 { throw BatchingError(.invalidRequest, "the prompt is empty") }
    if length >= contextLength {
      throw BatchingError(
        .tooLarge,
        "the prompt has \(length) tokens; the model's context of \(contextLength) leaves room for "
          + "\(contextLength - 1) at most; shorten it")
    }
    if let tokens = request.maxTokens, tokens < 1 {
      throw BatchingError(.invalidRequest, "max tokens is \(tokens); it must be at least 1")
    }
    if let bad = request.prompt.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw BatchingError(
        .invalidRequest, "token \(bad) is not in the vocabulary of \(vocabularySize)")
    }
    if let deadline = request.deadline, deadline <= now { throw .expired }
    // Those whose reader is slow wait for nothing but their reader; and of those that had to give
    // their blocks up the prompt counts, not what they have drawn since.
    let queue = waiting.lazy.filter { !$0.isPaused }.map(\.promptTokens)
    if queue.count >= options.maxWaiting {
      throw .queueFull(
        "queue_limit", of: "\(options.maxWaiting) prompts", retryAfter: retryAdvice(leaving: 1))
    }
    var excess = queue.reduce(length - options.maxWaitingTokens, +)
    guard excess > 0, !queue.isEmpty else { return }
    var leaving = 0
    for tokens in queue where excess > 0 {
      excess -= tokens
      leaving += 1
    }
    throw .queueFull(
      "queue_tokens", of: "\(options.maxWaitingTokens) prompt tokens",
      retryAfter: retryAdvice(leaving: leaving))
  }

  /// - Parameter count: waiting sequences that have to be admitted first.
  private func retryAdvice(leaving count: Int) -> Duration {
    let active = running.filter { !$0.isPaused }
    let step = costModel.seconds(tokens: max(1, active.count))
    return forecast.retryAdvice(
      leaving: count, running: active, waiting: waiting.lazy.filter { !$0.isPaused }.prefix(count),
      stepTokens: options.maxStepTokens, stepSeconds: step)
  }

  /// Takes a sequence out wherever it is and frees its blocks; nil when it has ended already.
  ///
  /// Blocks of a sequence in the step now being computed may be handed out only when the next is
  /// planned, that is after it.
  @discardableResult
  mutating func remove(
    _ id: Int, _ reason: FinishReason, now: ContinuousClock.Instant
  ) -> GenerationSummary? {
    if let index = waiting.firstIndex(where: { $0.id == id }) {
      return waiting.remove(at: index).summary(reason, now: now)
    }
    guard let index = index(of: id) else { return nil }
    return end(at: index, reason, now: now)
  }

  /// Ends what has outlived its deadline, waiting or running, and tells what planning dropped.
  mutating func expire(now: ContinuousClock.Instant) -> [SequenceEvent] {
    let late = { (sequence: ScheduledSequence) in
      if let deadline = sequence.deadline { deadline <= now } else { false }
    }
    let ids = running.filter(late).map(\.id) + waiting.filter(late).map(\.id)
    defer { dropped = [] }
    return dropped
      + ids.compactMap { id in
        remove(id, .deadline, now: now).map { .ended(id: id, $0) }
      }
  }

  /// When `expire` will next have something to do.
  var earliestDeadline: ContinuousClock.Instant? {
    (running.lazy.compactMap(\.deadline) + waiting.lazy.compactMap(\.deadline)).min()
  }

  mutating func setPaused(_ id: Int, _ isPaused: Bool) {
    pauses += 1
    let pause = isPaused ? pauses : nil
    if let index = index(of: id) {
      running[index].pause = pause
    } else if let index = waiting.firstIndex(where: { $0.id == id }) {
      waiting[index].pause = pause
    }
  }

  // MARK: Results

  /// Takes in what the step has brought: for each of its slices, in order, the token drawn (nil
  /// where none was asked for) or why the slice failed.
  ///
  /// - Parameter duration: its time on the engine; nil when it says nothing.
  mutating func complete(
    _ outcomes: [Result<StepOutput?, BatchingError>], duration: Duration?,
    now: ContinuousClock.Instant
  ) -> [SequenceEvent] {
    let step = inFlight
    if let duration {
      costModel.observe(tokens: step.reduce(0) { $0 + $1.fed }, duration: duration)
    }
    inFlight = []
    tokenGaps.removeAll(keepingCapacity: true)
    precondition(outcomes.count == step.count, "an outcome for every slice")
    var events: [SequenceEvent] = []
    for ((id, fed), outcome) in zip(step, outcomes) {
      guard let index = index(of: id) else { continue }  // Ended meanwhile.
      switch outcome {
      case .failure(let error):
        _ = end(at: index, .cancelled, now: now)
        events.append(.failed(id: id, error))
      case .success(let output):
        running[index].computed += fed
        guard let output else { continue }
        accept(output, at: index, now: now, &events)
      }
    }
    return events
  }

  private mutating func accept(
    _ output: StepOutput, at index: Int, now: ContinuousClock.Instant,
    _ events: inout [SequenceEvent]
  ) {
    let id = running[index].id
    running[index].sampler = output.sampler
    if running[index].stopTokens.contains(output.token) {
      events.append(.ended(id: id, end(at: index, .endOfSequence, now: now)))
      return
    }
    let arrival = running[index].arrival
    let token = GeneratedToken(
      id: output.token, index: running[index].generated, probability: output.probability)
    running[index].tokens.append(output.token)
    if running[index].firstToken == nil { running[index].firstToken = now }
    if let last = running[index].lastToken { tokenGaps.append(last.duration(to: now)) }
    running[index].lastToken = now
    events.append(
      .token(
        id: id, token, queued: arrival.duration(to: running[index].started ?? now),
        sinceArrival: arrival.duration(to: now)))
    if running[index].generated >= running[index].limit {
      events.append(.ended(id: id, end(at: index, .length, now: now)))
    }
  }

  private mutating func end(
    at index: Int, _ reason: FinishReason, now: ContinuousClock.Instant
  ) -> GenerationSummary {
    let sequence = running.remove(at: index)
    for block in sequence.blocks { allocator.release(block) }
    if reason == .endOfSequence || reason == .length || reason == .stop {
      forecast.ended(generated: sequence.generated, limit: sequence.limit)
    }
    return sequence.summary(reason, now: now)
  }

  private func index(of id: Int) -> Int? { running.firstIndex { $0.id == id } }

  // MARK: Steps

  /// The next step; nil when nothing can run. Its outcome must come before the next is planned.
  ///
  /// - Parameter isContended: others have work for the engine, so that a step must be short.
  mutating func plan(now: ContinuousClock.Instant, isContended: Bool = false) -> SequenceStep? {
    precondition(inFlight.isEmpty, "a step is being computed")
    var step = SequenceStep()
    var budget = options.maxStepTokens
    for id in running.filter({ !$0.isPaused && $0.isDecoding }).map(\.id) {
      guard let index = grow(id) else { continue }
      feed(index, &budget, &step, now)
    }
    budget = min(budget, turnTokens(besides: step.slices.count, isContended: isContended))
    for index in running.indices
    where budget > 0 && !running[index].isPaused && !running[index].isDecoding {
      feed(index, &budget, &step, now)
    }
    while budget > 0, let id = admit(), let index = index(of: id) {
      feed(index, &budget, &step, now)
    }
    if step.slices.isEmpty { return nil }
    if step.ids.count < running.count(where: { !$0.isPaused })
      || waiting.contains(where: { !$0.isPaused })
    {
      step.comesBack = true
    }
    return step
  }

  /// Prompt tokens that fit one turn of the engine beside the tokens of streams; a block's worth in
  /// any case, so that prompts get on.
  private func turnTokens(besides decoding: Int, isContended: Bool) -> Int {
    if !isContended, !costModel.isTrusted { return options.maxStepTokens }
    let turn = isContended ? options.engineSlice : max(options.engineSlice, EngineTurn.alone)
    return max(blockTokens, (costModel.tokens(within: turn) ?? 0) - decoding)
  }

  private mutating func feed(
    _ index: Int, _ budget: inout Int, _ step: inout SequenceStep, _ now: ContinuousClock.Instant
  ) {
    let sequence = running[index]
    let count = min(budget, sequence.pending)
    let end = sequence.computed + count
    let draws = end == sequence.tokens.count
    if !draws || sequence.generated + 1 < sequence.limit { step.comesBack = true }
    budget -= count
    step.slices.append(
      SequenceSlice(
        tokens: Array(sequence.tokens[sequence.computed..<end]), position: sequence.computed,
        blocks: sequence.blocks, sampler: draws ? sequence.sampler : nil))
    step.ids.append(sequence.id)
    inFlight.append((sequence.id, count))
    if sequence.started == nil { running[index].started = now }
  }

  // MARK: Blocks

  private func blocks(for positions: Int) -> Int { (positions + blockTokens - 1) / blockTokens }

  /// Sees to a block for the next position of a running sequence; nil when it had to give its own
  /// blocks up instead, or had been made to by an older one.
  private mutating func grow(_ id: Int) -> Int? {
    while let index = index(of: id) {
      if running[index].blocks.count >= blocks(for: running[index].tokens.count) { return index }
      if let block = allocator.allocate() {
        running[index].blocks.append(block)
      } else {
        preempt(longestPaused ?? running.count - 1)
      }
    }
    return nil
  }

  /// The running sequence whose reader has been away for longest.
  private var longestPaused: Int? {
    running.indices.filter { running[$0].isPaused }
      .min { (running[$0].pause ?? 0) < (running[$1].pause ?? 0) }
  }

  /// Takes a running sequence's blocks; it waits in its order of arrival to be computed again.
  private mutating func preempt(_ index: Int) {
    var sequence = running.remove(at: index)
    for block in sequence.blocks { allocator.release(block) }
    sequence.blocks = []
    sequence.computed = 0
    preemptions += 1
    let place = waiting.firstIndex { $0.id > sequence.id } ?? waiting.endIndex
    waiting.insert(sequence, at: place)
    if sequence.isPaused { boundPaused() }
  }

  /// Of those that wait for nothing but their readers, no more are kept than of others: the one
  /// whose reader has been away for longest ends.
  private mutating func boundPaused() {
    let paused = waiting.indices.filter { waiting[$0].isPaused }
    guard paused.count > options.maxWaiting,
      let index = paused.min(by: { (waiting[$0].pause ?? 0) < (waiting[$1].pause ?? 0) })
    else { return }
    let sequence = waiting.remove(at: index)
    dropped.append(.failed(id: sequence.id, .unread(options.maxWaiting)))
  }

  /// Admits the oldest waiting sequence whose reader keeps up, if there is room.
  ///
  /// One block per active sequence stays in reserve, as each may need one soon. Nothing younger
  /// goes past a sequence that does not fit yet: it would wait for ever.
  private mutating func admit() -> Int? {
    guard let place = waiting.firstIndex(where: { !$0.isPaused }) else { return nil }
    let active = running.count { !$0.isPaused }
    let paused = running.lazy.filter(\.isPaused)
    let needed = blocks(for: waiting[place].tokens.count)
    let wanted = needed + active
    guard active < options.maxRunning,
      allocator.freeCount + paused.reduce(0, { $0 + $1.blocks.count }) >= wanted || active == 0
    else { return nil }
    while allocator.freeCount < wanted || running.count >= options.maxRunning {
      guard let index = longestPaused else { break }
      preempt(index)
    }
    // Preempting may have moved it.
    guard let place = waiting.firstIndex(where: { !$0.isPaused }),
      allocator.freeCount >= needed
    else { return nil }
    var sequence = waiting.remove(at: place)
    while sequence.blocks.count < needed, let block = allocator.allocate() {
      sequence.blocks.append(block)
    }
    let index = running.firstIndex { $0.id > sequence.id } ?? running.endIndex
    running.insert(sequence, at: index)
    return sequence.id
  }
}
