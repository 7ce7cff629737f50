import Inference
import TestSupport
import Testing

@testable import Batching

@Suite struct SequenceSchedulerTests {
  @Test func generatesToTheLength() async throws {
    let fixture = try SchedulerFixture()
    let (tokens, summary) = try await fixture.generate(fixture.request([1, 2, 3], max: 20)).value
    #expect(tokens == HashingBackend.expected([1, 2, 3], count: 20))
    #expect(summary?.reason == .length)
    #expect(summary?.promptTokens == 3)
    #expect(summary?.generatedTokens == 20)
    await fixture.empty()
  }

  @Test func stopsAtAStopToken() async throws {
    let fixture = try SchedulerFixture()
    let whole = HashingBackend.expected([5], count: 12)
    var request = fixture.request([5], max: 12)
    request.stopTokens = [whole[7]]
    let (tokens, summary) = try await fixture.generate(request).value
    #expect(tokens == Array(whole.prefix(7)))
    #expect(summary?.reason == .endOfSequence)
    #expect(summary?.generatedTokens == 7)
  }

  @Test(arguments: [4096, 130, 70]) func tokensAreTheSameAloneAndAmongOthers(
    blockCount: Int
  ) async throws {
    let fixture = try SchedulerFixture(contextLength: 200, blockCount: blockCount) {
      $0.maxStepTokens = 96
    }
    let prompts = (0..<65).map { index in
      (0..<(1 + index * 7 % 90)).map { Int32(($0 * 31 + index * 17) % 1009) }
    }
    let tasks = prompts.enumerated().map { index, prompt in
      fixture.generate(fixture.request(prompt, max: 10 + index % 50, seed: UInt64(index)))
    }
    for (index, task) in tasks.enumerated() {
      let (tokens, summary) = try await task.value
      #expect(
        tokens
          == HashingBackend.expected(
            prompts[index], count: 10 + index % 50, seed: UInt64(index)), "sequence \(index)")
      #expect(summary?.reason == .length)
    }
    await fixture.empty()
    let preempted = fixture.backend.steps.joined().count { $0.position == 0 } > prompts.count
    #expect(preempted == (blockCount < 4096))
  }

  // MARK: Bounds

  @Test func aFullQueueAndALongPromptAreRefused() async throws {
    let fixture = try SchedulerFixture(contextLength: 16) {
      $0.maxRunning = 1
      $0.maxWaiting = 1
    }
    fixture.hold()
    let running = fixture.generate(fixture.request([1], max: 3))
    await fixture.inStep()
    let waiting = fixture.generate(fixture.request([2], max: 3))
    while await fixture.scheduler.load.waiting < 1 { await Task.yield() }
    for (prompt, code) in [([3], .queueFull), (Array(0..<16), .tooLarge)]
      as [([Int32], BatchingError.Code)]
    {
      await #expect {
        try await fixture.generate(fixture.request(prompt)).value
      } throws: {
        ($0 as? BatchingError)?.code == code
      }
    }
    fixture.letAllGo()
    #expect(try await running.value.0 == HashingBackend.expected([1], count: 3))
    #expect(try await waiting.value.0 == HashingBackend.expected([2], count: 3))
  }

  // MARK: Ending early

  @Test func cancellingStopsComputingWithinOneStep() async throws {
    let fixture = try SchedulerFixture()
    fixture.hold()
    let task = fixture.generate(fixture.request([1], max: 100))
    for _ in 0..<3 {
      await fixture.inStep()
      fixture.letGo()
    }
    await fixture.inStep()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await fixture.executor.flush()
    let steps = fixture.backend.steps.count
    fixture.letAllGo()
    await fixture.empty()
    // Its blocks are free and the step that was under way was its last.
    #expect(steps == 4)
    #expect(fixture.backend.steps.count == steps)
  }

  @Test func aMatchedStopStringEndsIt() async throws {
    let fixture = try SchedulerFixture()
    let whole = HashingBackend.expected([9], count: 5)
    let (tokens, summary) = try await fixture.executor.run {
      let stream = try await fixture.scheduler.generate(fixture.request([9], max: 100))
      var tokens: [Int32] = []
      while let token = try await stream.next() {
        tokens.append(token.id)
        if tokens.count == 5 { stream.finish() }
      }
      return (tokens, stream.summary)
    }
    #expect(tokens == whole)
    #expect(summary?.reason == .stop)
    #expect(summary?.generatedTokens == 5)
    await fixture.empty()
  }

  @Test func lettingGoOfTheStreamCancels() async throws {
    let fixture = try SchedulerFixture()
    try await fixture.executor.run {
      let stream = try await fixture.scheduler.generate(fixture.request([9], max: 100))
      _ = try await stream.next()
    }
    await fixture.empty()
  }

  @Test func cancelledStreamsThrow() async throws {
    let fixture = try SchedulerFixture()
    let stream = try await fixture.scheduler.generate(fixture.request([9], max: 100))
    stream.cancel()
    await #expect(throws: CancellationError.self) { try await stream.next() }
    #expect(stream.summary?.reason == .cancelled)
    await fixture.empty()
  }

  @Test func aDeadlineEndsIt() async throws {
    let fixture = try SchedulerFixture()
    fixture.hold()
    var request = fixture.request([4], max: 100)
    request.deadline = fixture.clock.now() + .seconds(1)
    let task = fixture.generate(request)
    await fixture.inStep()
    fixture.letGo()
    await fixture.inStep()
    fixture.clock.advance(by: .seconds(1))
    fixture.letAllGo()
    let (tokens, summary) = try await task.value
    #expect(tokens == HashingBackend.expected([4], count: 2))
    #expect(summary?.reason == .deadline)
    #expect(summary?.total == .seconds(1))
    await fixture.empty()
  }

  // MARK: Slow readers

  @Test func aSlowReaderIsPausedAndOthersAreNot() async throws {
    let fixture = try SchedulerFixture { $0.streamBuffer = 4 }
    let slow = try await fixture.scheduler.generate(fixture.request([1], max: 30))
    let (tokens, _) = try await fixture.generate(fixture.request([2], max: 100)).value
    #expect(tokens == HashingBackend.expected([2], count: 100))
    await fixture.executor.flush()
    // The prompt's step and three more filled the buffer; nothing was computed for it since.
    let fed = { fixture.backend.steps.joined().count { $0.tokens.first == 1 || $0.position > 0 } }
    #expect(fed() == 4 + 99)
    #expect(await fixture.scheduler.load.running == 1)
    var received: [Int32] = []
    while let token = try await slow.next() { received.append(token.id) }
    #expect(received == HashingBackend.expected([1], count: 30))
    #expect(slow.summary?.reason == .length)
    await fixture.empty()
  }

  @Test(arguments: 1...3) func smallBuffersLoseNothing(buffer: Int) async throws {
    let fixture = try SchedulerFixture { $0.streamBuffer = buffer }
    // Read from another thread, so that tokens come while they are being read.
    await withThrowingTaskGroup { group in
      for seed in 0..<20 {
        group.addTask {
          let request = fixture.request([3, 4], max: 60, seed: UInt64(seed))
          let stream = try await fixture.scheduler.generate(request)
          var tokens: [Int32] = []
          while let token = try await stream.next() { tokens.append(token.id) }
          #expect(tokens == HashingBackend.expected([3, 4], count: 60, seed: UInt64(seed)))
        }
      }
    }
    await fixture.empty()
  }

  @Test func aPausedSequenceStillHasADeadline() async throws {
    let fixture = try SchedulerFixture { $0.streamBuffer = 2 }
    var request = fixture.request([1], max: 30)
    request.deadline = fixture.clock.now() + .seconds(5)
    let stream = try await fixture.scheduler.generate(request)
    while fixture.clock.alarmCount == 0 { await Task.yield() }
    fixture.clock.advance(by: .seconds(5))
    await fixture.empty()
    var received: [Int32] = []
    while let token = try await stream.next() { received.append(token.id) }
    #expect(received == HashingBackend.expected([1], count: 2))
    #expect(stream.summary?.reason == .deadline)
  }

  @Test func aPausedSequenceMakesRoomForOthers() async throws {
    let fixture = try SchedulerFixture(contextLength: 16, blockCount: 4) { $0.streamBuffer = 2 }
    let slow = try await fixture.scheduler.generate(fixture.request([1], max: 10))
    while await fixture.scheduler.load.blocksInUse == 0 { await Task.yield() }
    // Needs all the blocks there are.
    let prompt = (0..<13).map { Int32($0) }
    let (tokens, _) = try await fixture.generate(fixture.request(prompt, max: 3)).value
    #expect(tokens == HashingBackend.expected(prompt, count: 3))
    var received: [Int32] = []
    while let token = try await slow.next() { received.append(token.id) }
    #expect(received == HashingBackend.expected([1], count: 10))
    await fixture.empty()
  }

  // MARK: Failures

  @Test func aFailingSequenceEndsNoOther() async throws {
    let fixture = try SchedulerFixture(failsAt: 666)
    let bad = fixture.generate(fixture.request([666], max: 5))
    let good = (0..<5).map { fixture.generate(fixture.request([Int32($0)], max: 8)) }
    await #expect {
      try await bad.value
    } throws: {
      ($0 as? BatchingError)?.code == .backendFailed
    }
    for (index, task) in good.enumerated() {
      #expect(try await task.value.0 == HashingBackend.expected([Int32(index)], count: 8))
    }
    await fixture.empty()
  }

  @Test func aStoppedEngineEndsAll() async throws {
    let fixture = try SchedulerFixture()
    fixture.hold()
    let task = fixture.generate(fixture.request([1], max: 50))
    await fixture.inStep()
    let stopping = Task.detached { await offThread { fixture.engine.stop() } }
    while !fixture.engine.health(now: .now).isStopped { await Task.yield() }
    fixture.letAllGo()
    await stopping.value
    for task in [task, fixture.generate(fixture.request([2]))] {
      await #expect {
        try await task.value
      } throws: {
        ($0 as? BatchingError)?.code == .stopped
      }
    }
    await fixture.empty()
  }

  // MARK: Races

  @Test func nothingIsLostOrLeakedInARace() async throws {
    let fixture = try SchedulerFixture(contextLength: 120, blockCount: 100) {
      $0.maxStepTokens = 48
      $0.maxRunning = 12
      $0.maxWaiting = 30
      $0.streamBuffer = 3
    }
    await withTaskGroup { group in
      for seed in 0..<60 {
        group.addTask(executorPreference: seed % 2 == 0 ? fixture.executor : nil) {
          await Self.race(fixture, seed: UInt64(seed))
        }
      }
    }
    await fixture.empty()
  }

  private static func race(_ fixture: SchedulerFixture, seed: UInt64) async {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<6 {
      let prompt = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        Int32.random(in: 0..<1009, using: &random)
      }
      let count = Int.random(in: 1...40, using: &random)
      let expected = HashingBackend.expected(prompt, count: count, seed: seed)
      let request = fixture.request(prompt, max: count, seed: seed)
      let readAtMost = Int.random(in: 0...80, using: &random)
      let task = Task {
        let stream = try await fixture.scheduler.generate(request)
        var tokens: [Int32] = []
        while tokens.count < readAtMost, let token = try await stream.next() {
          tokens.append(token.id)
        }
        return tokens
      }
      let isCancelled = Int.random(in: 0..<3, using: &random) == 0
      if isCancelled {
        for _ in 0..<Int.random(in: 0...20, using: &random) { await Task.yield() }
        task.cancel()
      }
      do {
        #expect(try await task.value == Array(expected.prefix(readAtMost)))
      } catch let error as BatchingError {
        #expect(error.code == .queueFull || error.code == .unread)
      } catch {
        #expect(error is CancellationError && isCancelled)
      }
    }
  }
}
