import Inference
import TestSupport
import Testing

@testable import Batching

/// Random events on few blocks, computed by the hashing model: every sequence gets the tokens it
/// gets alone, in order, and no block is lost.
@Suite struct SequencePolicyPropertyTests {
  struct Expected {
    var prompt: [Int32]
    var seed: UInt64
    var limit: Int
    var received: [Int32] = []
    var isPaused = false
    var ended: FinishReason?
  }

  @Test(arguments: 0..<30) func tokensAreThoseOfTheSequenceAlone(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let backend = HashingBackend(
      contextLength: 40, blockTokens: Int.random(in: 1...7, using: &random),
      blockCount: Int.random(in: 8...40, using: &random))
    var options = SequenceOptions()
    options.maxStepTokens = Int.random(in: 4...32, using: &random)
    options.maxRunning = Int.random(in: 1...8, using: &random)
    options.maxWaiting = 20
    options.engineSlice = .milliseconds(Int.random(in: 0...20, using: &random))
    var policy = SequencePolicy(
      options: options, contextLength: 40, vocabularySize: 1009,
      blockTokens: backend.blockTokens, blockCount: backend.blockCount)
    let now = ContinuousClock.now
    var sequences: [Int: Expected] = [:]
    for round in 0..<400 {
      if Int.random(in: 0..<3, using: &random) == 0 {
        arrive(&policy, &sequences, now: now, &random)
      }
      meddle(&policy, &sequences, now: now, &random)
      let isContended = Bool.random(using: &random)
      if !(try step(&policy, backend, &sequences, isContended: isContended, now: now)) {
        // Nothing runs only when all that is there is paused.
        #expect(sequences.values.allSatisfy { $0.isPaused || $0.ended != nil }, "round \(round)")
      }
    }
    for id in sequences.keys {
      policy.setPaused(id, false)
      sequences[id]?.isPaused = false
    }
    while try step(&policy, backend, &sequences, now: now) {}
    for (id, sequence) in sequences { check(id, sequence) }
    #expect(policy.running.isEmpty && policy.waiting.isEmpty)
    #expect(policy.allocator.freeCount == backend.blockCount)
  }

  func check(_ id: Int, _ sequence: Expected) {
    let whole = HashingBackend.expected(
      sequence.prompt, count: sequence.limit, seed: sequence.seed)
    if sequence.ended == .length {
      #expect(sequence.received == whole, "sequence \(id)")
    } else {
      #expect(sequence.ended == .cancelled)
      #expect(sequence.received == Array(whole.prefix(sequence.received.count)))
    }
  }

  func arrive(
    _ policy: inout SequencePolicy, _ sequences: inout [Int: Expected],
    now: ContinuousClock.Instant, _ random: inout SeededGenerator
  ) {
    let length = Int.random(in: 1..<policy.contextLength, using: &random)
    var request = GenerationRequest(
      prompt: (0..<length).map { _ in Int32.random(in: 0..<1009, using: &random) },
      maxTokens: Int.random(in: 1...30, using: &random))
    request.sampling.seed = random.next()
    let limit = min(request.maxTokens ?? 0, policy.contextLength - length)
    do throws(BatchingError) {
      let id = try policy.arrive(request, now: now)
      sequences[id] = Expected(prompt: request.prompt, seed: request.sampling.seed, limit: limit)
    } catch {
      #expect(error.code == .queueFull)
      #expect(policy.waiting.count >= 20)
    }
  }

  func meddle(
    _ policy: inout SequencePolicy, _ sequences: inout [Int: Expected],
    now: ContinuousClock.Instant, _ random: inout SeededGenerator
  ) {
    guard let id = sequences.keys.sorted().randomElement(using: &random) else { return }
    switch Int.random(in: 0..<12, using: &random) {
    case 0:
      let wasThere = sequences[id]?.ended == nil
      let removed = policy.remove(id, .cancelled, now: now)
      #expect((removed != nil) == wasThere)
      if wasThere { sequences[id]?.ended = .cancelled }
    case 1, 2:
      policy.setPaused(id, true)
      sequences[id]?.isPaused = true
    case 3, 4, 5:
      policy.setPaused(id, false)
      sequences[id]?.isPaused = false
    default: break
    }
  }

  func step(
    _ policy: inout SequencePolicy, _ backend: HashingBackend, _ sequences: inout [Int: Expected],
    isContended: Bool = false, now: ContinuousClock.Instant
  ) throws -> Bool {
    guard let step = policy.plan(now: now, isContended: isContended) else { return false }
    #expect(step.tokens <= policy.options.maxStepTokens)
    #expect(step.ids.count <= policy.options.maxRunning)
    #expect(step.ids.allSatisfy { sequences[$0]?.isPaused == false })
    let held = policy.running.reduce(0) { $0 + $1.blocks.count }
    #expect(held + policy.allocator.freeCount == backend.blockCount)
    #expect(Set(policy.running.flatMap(\.blocks)).count == held, "a block held twice")
    let computed = ComputedStep(step.slices, on: backend, clock: FakeClock())
    for event in policy.complete(computed.outcomes, duration: .milliseconds(step.tokens), now: now)
    {
      switch event {
      case .token(let id, let token, _, _):
        #expect(sequences[id]?.received.count == token.index)
        sequences[id]?.received.append(token.id)
      case .ended(let id, let summary): sequences[id]?.ended = summary.reason
      case .failed: Issue.record("failed")
      }
    }
    return true
  }
}
