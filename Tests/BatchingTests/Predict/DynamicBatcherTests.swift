import Inference
import TestSupport
import Testing

@testable import Batching

@Suite struct DynamicBatcherTests {
  func code(_ task: Task<some Sendable, any Error>) async -> BatchingError.Code? {
    do {
      _ = try await task.value
      return nil
    } catch { return (error as? BatchingError)?.code }
  }

  @Test func answersOne() async throws {
    let fixture = try BatcherFixture(computeTime: .milliseconds(3))
    let answer = try await fixture.submit(7).value
    #expect(answer.output == 49)
    #expect(answer.batchSize == 1)
    #expect(answer.queued == .zero)
    #expect(answer.compute == .milliseconds(3))
  }

  @Test func answersFromAnotherThread() async throws {
    let fixture = try BatcherFixture()
    let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for input in 1...50 {
        group.addTask { (input, try await fixture.batcher.submit(input).output) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(answers == Dictionary(uniqueKeysWithValues: (1...50).map { ($0, $0 * $0) }))
  }

  @Test func whatComesWhileABatchRunsIsTheNext() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let rest = (1...20).map { fixture.submit($0) }
    await fixture.waiting(20)
    fixture.clock.advance(by: .milliseconds(8))
    fixture.letGo()
    #expect(try await first.value.output == 0)
    for (index, task) in rest.enumerated() {
      let answer = try await task.value
      #expect(answer.output == (index + 1) * (index + 1))
      #expect(answer.batchSize == 20)
      #expect(answer.queued == .milliseconds(8))
    }
    #expect(fixture.backend.computed.count == 2)
    #expect(fixture.observer.batches.map(\.inputs) == [1, 20])
    #expect(fixture.observer.batches.map(\.tokens) == [1, 210])
    #expect(fixture.observer.batches.map(\.queued) == [.zero, .milliseconds(8)])
  }

  @Test func anIdleEngineTakesAlongTheWholeTurnOfTheLoop() async throws {
    let fixture = try BatcherFixture()
    try await fixture.executor.run { [batcher = fixture.batcher, executor = fixture.executor] in
      await withThrowingTaskGroup { group in
        for input in 1...30 {
          group.addTask(executorPreference: executor) { _ = try await batcher.submit(input) }
        }
      }
    }
    #expect(fixture.backend.computed.map(\.count) == [30])
  }

  @Test func aFullQueueRefusesWithAdvice() async throws {
    let fixture = try BatcherFixture { $0.maxQueueInputs = 2 }
    let first = await fixture.hold()
    let queued = [fixture.submit(2), fixture.submit(3)]
    await fixture.waiting(2)
    do {
      _ = try await fixture.submit(4).value
      Issue.record("accepted")
    } catch let error as BatchingError {
      #expect(error.code == .queueFull)
      #expect(error.retryAfter == RetryAdvice.unmeasured)
    }
    #expect(fixture.observer.drops(.queueFull) == 1)
    fixture.letGo()
    _ = try await first.value
    for task in queued { _ = try await task.value }
    #expect(try await fixture.submit(4).value.output == 16)
  }

  // MARK: Dropping

  @Test func aCancelledEntryIsNotComputed() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let (kept, cancelled) = (fixture.submit(5), fixture.submit(6))
    await fixture.waiting(2)
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    #expect(await fixture.batcher.waiting.inputs == 1)
    fixture.letGo()
    _ = try await first.value
    #expect(try await kept.value.output == 25)
    #expect(fixture.backend.computed == [[0], [5]])
    #expect(fixture.observer.drops(.cancelled) == 1)
  }

  @Test func cancellingABatchBeingComputedAnswersAtOnce() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    let next = fixture.submit(9)
    await fixture.waiting(1)
    fixture.letGo()
    #expect(try await next.value.output == 81)
  }

  @Test func aDeadlineThatPassesInTheComputationIsToldFromOneInTheQueue() async throws {
    let fixture = try BatcherFixture()
    let deadline = fixture.clock.now() + .seconds(1)
    let computing = await fixture.hold(deadline: deadline)
    let waiting = fixture.submit(2, deadline: deadline)
    await fixture.waiting(1)
    fixture.clock.advance(by: .seconds(1))
    #expect(await code(waiting) == .deadlineExceeded)
    // As the server does when a call's time is over.
    computing.cancel()
    #expect(await code(computing) == .overran)
    fixture.letGo()
  }

  @Test func aTaskCancelledBeforehandIsNotQueued() async throws {
    let fixture = try BatcherFixture()
    let gate = Gate()
    let task = Task(executorPreference: fixture.executor) { [batcher = fixture.batcher] in
      await gate.wait()
      return try await batcher.submit(3)
    }
    task.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(fixture.backend.computed.isEmpty)
  }

  // MARK: Slices

  @Test func whileAnotherModelHasWorkABatchIsASlice() async throws {
    let fixture = try BatcherFixture()
    let held = await HeldJob(on: fixture.engine.lane("other")) {}
    let tasks = (1...20).map { fixture.submit($0) }
    // The first is on its way to the engine, alone: nothing is known yet of what it takes.
    await fixture.waiting(19)
    held.letGo()
    try await held.value
    for (index, task) in tasks.enumerated() {
      #expect(try await task.value.output == (index + 1) * (index + 1))
    }
    #expect(fixture.backend.computed.map(\.count) == [1, 19])
  }

  // MARK: Delay

  @Test func theDelayGathersABatch() async throws {
    let fixture = try BatcherFixture { $0.maxQueueDelay = .milliseconds(2) }
    let tasks = [fixture.submit(1), fixture.submit(2)]
    await fixture.waiting(2)
    while fixture.clock.alarmCount == 0 { await Task.yield() }
    await fixture.executor.flush()
    #expect(fixture.backend.computed.isEmpty)
    #expect(fixture.clock.alarmCount == 1)
    fixture.clock.advance(by: .milliseconds(2))
    for task in tasks { #expect(try await task.value.batchSize == 2) }
  }

  // MARK: Failures

  @Test func oneBadInputFailsNobodyElse() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let good = [fixture.submit(2), fixture.submit(3)]
    let bad = fixture.submit(-1)
    await fixture.waiting(3)
    fixture.letGo()
    _ = try await first.value
    #expect(try await good[0].value.output == 4)
    #expect(try await good[1].value.output == 9)
    do {
      _ = try await bad.value
      Issue.record("answered")
    } catch let error as BatchingError {
      #expect(error.code == .backendFailed)
      #expect(error.cause as? BadInput == BadInput(value: -1))
    }
    // The batch once, and each of its inputs once.
    #expect(fixture.backend.computed.count == 5)
    #expect(fixture.observer.batches.last?.failures == 1)
  }

  @Test func aWrongNumberOfAnswersIsAnError() async throws {
    struct Forgetful: BatchBackend {
      func cost(of input: Int) -> Int { 1 }
      func compute(_ batch: [Int], for interest: (any Interest)?) -> [Int] { [] }
    }
    let engine = try Engine()
    defer { engine.stop() }
    let batcher = DynamicBatcher(
      name: "forgetful", backend: Forgetful(), engine: engine, executor: ThreadExecutor(),
      clock: FakeClock())
    await #expect {
      try await batcher.submit(1)
    } throws: {
      ($0 as? BatchingError)?.message.contains("0 answers to 1 input") == true
    }
  }

  @Test func aStoppedEngineRefuses() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let waiting = fixture.submit(1)
    await fixture.waiting(1)
    let stopping = Task.detached { await offThread { fixture.engine.stop() } }
    while !fixture.engine.health(now: fixture.clock.now()).isStopped { await Task.yield() }
    fixture.letGo()
    #expect(try await first.value.output == 0)
    #expect(await code(waiting) == .stopped)
    #expect(await code(fixture.submit(2)) == .stopped)
    await stopping.value
  }

  // MARK: Several inputs

  @Test func aRequestKeepsItsOrderOverSeveralBatches() async throws {
    let fixture = try BatcherFixture { $0.maxBatchInputs = 3 }
    let inputs = [500, 1, 400, 2, 300, 3, 200, 4]
    let answers = try await fixture.submit(all: inputs).value
    #expect(answers.map(\.output) == inputs.map { $0 * $0 })
    #expect(fixture.backend.computed.count >= 3)
    #expect(try await fixture.submit(all: []).value.isEmpty)
  }

  @Test func aRequestIsQueuedAsAWholeOrNotAtAll() async throws {
    let fixture = try BatcherFixture { $0.maxQueueInputs = 4 }
    let first = await fixture.hold()
    let three = fixture.submit(all: [1, 2, 3])
    await fixture.waiting(3)
    #expect(await code(fixture.submit(all: [4, 5])) == .queueFull)
    #expect(await fixture.batcher.waiting.inputs == 3)
    #expect(await code(fixture.submit(all: [1, 2, 3, 4, 5])) == .tooLarge)
    fixture.letGo()
    _ = try await first.value
    #expect(try await three.value.map(\.output) == [1, 4, 9])
  }

  @Test func oneFailedInputFailsItsRequestAndDropsTheRest() async throws {
    let fixture = try BatcherFixture { $0.maxBatchInputs = 2 }
    let first = await fixture.hold()
    let request = fixture.submit(all: [1, -1, 2, 3, 4, 5])
    let other = fixture.submit(6)
    await fixture.waiting(7)
    fixture.letGo()
    _ = try await first.value
    #expect(await code(request) == .backendFailed)
    #expect(try await other.value.output == 36)
    let computed = fixture.backend.computed.flatMap { $0 }
    #expect(!computed.contains(4) && !computed.contains(5))
  }

  @Test func cancellingARequestDropsAllItsInputs() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let request = fixture.submit(all: [1, 2, 3])
    await fixture.waiting(3)
    request.cancel()
    await #expect(throws: CancellationError.self) { try await request.value }
    #expect(await fixture.batcher.waiting.inputs == 0)
    #expect(fixture.observer.drops(.cancelled) == 3)
    fixture.letGo()
    _ = try await first.value
    #expect(fixture.backend.computed == [[0]])
  }

  // MARK: Races

  @Test(arguments: [1, 2]) func nothingIsLostOrAnsweredTwice(threads: Int) async throws {
    let executor = ThreadExecutor()
    let engine = try Engine()
    defer { engine.stop() }
    var options = BatchOptions()
    options.maxBatchInputs = 7
    options.maxQueueInputs = 40
    let observer = CountingObserver()
    let batcher = DynamicBatcher(
      name: "race", backend: SquaringBackend(), engine: engine, executor: executor,
      clock: RealClock(), options: options, observer: observer)
    // On the batcher's thread, or on the pool's threads too.
    let other: (any TaskExecutor)? = threads == 1 ? executor : nil
    await withTaskGroup { group in
      for seed in 0..<150 {
        group.addTask(executorPreference: seed % 2 == 0 ? executor : other) {
          await Self.race(batcher, seed: UInt64(seed))
        }
      }
    }
    #expect(await batcher.waiting == (0, 0))
    #expect(await batcher.unanswered == (0, 0))
    #expect(observer.waiting == (0, 0))
  }

  private static func race(_ batcher: DynamicBatcher<SquaringBackend>, seed: UInt64) async {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<30 {
      let inputs = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        Int.random(in: -3...99, using: &random)
      }
      let task = Task {
        inputs.count == 1
          ? [try await batcher.submit(inputs[0]).output]
          : try await batcher.submit(all: inputs).map(\.output)
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        for _ in 0..<Int.random(in: 0...5, using: &random) { await Task.yield() }
        task.cancel()
      }
      do {
        let outputs = try await task.value
        #expect(outputs == inputs.map { $0 * $0 })
      } catch let error as BatchingError {
        #expect(error.code == .queueFull || inputs.contains { $0 < 0 })
      } catch {
        #expect(error is CancellationError)
      }
    }
  }
}
