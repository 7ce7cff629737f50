import TestSupport
import Testing

@testable import Batching

/// Random events against a naive list: nothing lost, nothing twice, no budget exceeded, nobody
/// starved.
@Suite struct BatchPolicyPropertyTests {
  struct Waiting: Equatable {
    var id: Int
    var cost: Int
    var deadline: ContinuousClock.Instant?
    var bucket: Int { Int.bitWidth - cost.leadingZeroBitCount }
  }

  /// The naive model: one list in order of arrival, searched from end to end.
  struct Model {
    var waiting: [Waiting] = []
    var freeIDs = Array((0..<200).reversed())
    var computing: [Int] = []
    var arrived = 0
    var computed = 0
    var dropped = 0
    var tokens: Int { waiting.reduce(0) { $0 + $1.cost } }

    mutating func take(_ id: Int) -> Waiting? {
      guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
      return waiting.remove(at: index)
    }
  }

  @Test(arguments: 0..<40) func agreesWithTheModel(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var options = BatchOptions()
    options.maxBatchInputs = Int.random(in: 1...12, using: &random)
    options.maxBatchTokens = Int.random(in: 40...400, using: &random)
    options.maxQueueInputs = Int.random(in: 1...60, using: &random)
    options.maxQueueTokens = Int.random(in: 100...2000, using: &random)
    options.maxQueueDelay = .milliseconds(Int.random(in: 0...3, using: &random))
    options.engineSlice = .microseconds(Int.random(in: 0...4000, using: &random))
    var policy = BatchPolicy(options: options)
    var model = Model()
    var now = ContinuousClock.now
    for _ in 0..<2000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5: arrive(&policy, &model, now: now, &random)
      case 5: cancel(&policy, &model, &random)
      case 6: now += .microseconds(Int.random(in: 0...2000, using: &random))
      default: batch(&policy, &model, now: now, &random)
      }
      #expect(policy.waitingInputs == model.waiting.count)
      #expect(policy.waitingTokens == model.tokens)
    }
    while !model.waiting.isEmpty || !model.computing.isEmpty {
      now += .milliseconds(10)
      batch(&policy, &model, now: now, &random)
    }
    #expect(model.arrived == model.computed + model.dropped)
    #expect(policy.next(now: now) == .idle)
  }

  func arrive(
    _ policy: inout BatchPolicy, _ model: inout Model, now: ContinuousClock.Instant,
    _ random: inout SeededGenerator
  ) {
    let options = policy.options
    let cost = Int.random(in: 1...(1 << Int.random(in: 0...9, using: &random)), using: &random)
    let deadline =
      Bool.random(using: &random)
      ? nil : now + .microseconds(Int.random(in: 1...9000, using: &random))
    let fits =
      cost <= options.maxBatchTokens && cost <= options.maxQueueTokens
      && model.waiting.count < options.maxQueueInputs
      && model.tokens + cost <= options.maxQueueTokens
    do throws(BatchingError) {
      try policy.check(inputs: 1, tokens: cost, largest: cost, deadline: deadline, now: now)
      #expect(fits)
      guard let id = model.freeIDs.popLast() else { return }
      policy.enqueue(id, cost: cost, deadline: deadline, now: now)
      model.waiting.append(Waiting(id: id, cost: cost, deadline: deadline))
      model.arrived += 1
    } catch {
      #expect(!fits || error.code == .hopeless)
    }
  }

  func cancel(_ policy: inout BatchPolicy, _ model: inout Model, _ random: inout SeededGenerator) {
    let id = Int.random(in: 0..<200, using: &random)
    let found = model.take(id)
    #expect(policy.cancel(id) == (found != nil))
    if found != nil {
      model.dropped += 1
      model.freeIDs.append(id)
    }
  }

  func batch(
    _ policy: inout BatchPolicy, _ model: inout Model, now: ContinuousClock.Instant,
    _ random: inout SeededGenerator
  ) {
    let options = policy.options
    for id in policy.expire(now: now) {
      let input = model.take(id)
      #expect(input?.deadline.map { $0 <= now } == true)
      model.dropped += 1
      model.freeIDs.append(id)
    }
    #expect(!model.waiting.contains { $0.deadline.map { $0 <= now } ?? false })
    let isContended = Bool.random(using: &random)
    let turn = isContended ? options.engineSlice : EngineTurn.alone
    let measured =
      isContended || policy.costModel.isTrusted ? policy.costModel.tokens(within: turn) : nil
    let most = min(options.maxBatchTokens, measured ?? (isContended ? 1 : .max))
    switch policy.next(now: now, isContended: isContended) {
    case .idle: #expect(model.waiting.isEmpty && model.computing.isEmpty)
    case .wait(let until): #expect(until > now && !model.waiting.isEmpty)
    case .busy:
      #expect(!model.computing.isEmpty)
      policy.finished(
        duration: Bool.random(using: &random)
          ? nil : .microseconds(Int.random(in: 1...3000, using: &random)))
      model.computed += model.computing.count
      model.freeIDs += model.computing
      model.computing = []
    case .run(let ids, let tokens):
      check(ids, tokens, model, options, most)
      for id in ids { _ = model.take(id) }
      model.computing = ids
    }
  }

  /// - Parameter most: tokens of a batch of more than one input.
  func check(_ ids: [Int], _ tokens: Int, _ model: Model, _ options: BatchOptions, _ most: Int) {
    let batch = ids.compactMap { id in model.waiting.first { $0.id == id } }
    #expect(batch.count == ids.count && Set(ids).count == ids.count && !ids.isEmpty)
    #expect(batch.reduce(0) { $0 + $1.cost } == tokens)
    #expect(ids.count <= options.maxBatchInputs && tokens <= options.maxBatchTokens)
    #expect(ids.count == 1 || tokens <= most)
    #expect(batch.contains(model.waiting[0]), "the oldest is left behind")
    for bucket in Set(model.waiting.map(\.bucket)) {
      let queue = model.waiting.filter { $0.bucket == bucket }
      let taken = batch.filter { $0.bucket == bucket }
      #expect(Array(queue.prefix(taken.count)) == taken, "out of order")
      if ids.count < options.maxBatchInputs, taken.count < queue.count {
        #expect(tokens + queue[taken.count].cost > most, "room not used")
      }
    }
  }
}
