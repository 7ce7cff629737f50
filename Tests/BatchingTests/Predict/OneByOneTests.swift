import Foundation
import Inference
import TestSupport
import Testing

@testable import Batching

/// Backends that compute a batch's inputs one after the other.
@Suite struct OneByOneTests {
  private struct Stepping: BatchBackend {
    let body: @Sendable (Int, any Interest) throws -> Int

    var inputsAtOnce: Int { 1 }
    func cost(of input: Int) -> Int { 1 }

    func compute(_ batch: [Int], for interest: (any Interest)?) throws -> [Int] {
      guard let interest, batch.count == 1 else { throw BadInput(value: batch.count) }
      return [try body(batch[0], interest)]
    }
  }

  /// A batcher whose input 0 keeps the engine until `release`.
  private final class Fixture: Sendable {
    let clock = FakeClock()
    let engine: Engine
    let executor = ThreadExecutor()
    let observer = CountingObserver()
    let computed = Shared<[Int]>([])
    let (entered, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let batcher: DynamicBatcher<Stepping>

    init(_ body: @escaping @Sendable (Int, any Interest, FakeClock) throws -> Int) throws {
      engine = try Engine(now: { [clock] in clock.now() })
      let backend = Stepping { [computed, entered, release, clock] input, interest in
        computed.update { $0.append(input) }
        if input == 0 {
          entered.signal()
          release.wait()
        }
        return try body(input, interest, clock)
      }
      batcher = DynamicBatcher(
        name: "stepping", backend: backend, engine: engine, executor: executor, clock: clock,
        observer: observer)
    }

    deinit { engine.stop() }

    func submit(
      _ input: Int, deadline: ContinuousClock.Instant? = nil
    ) -> Task<BatchAnswer<Int>, any Error> {
      Task(executorPreference: executor) { [batcher] in
        try await batcher.submit(input, deadline: deadline)
      }
    }

    /// Waits until input 0 is being computed.
    func hold(deadline: ContinuousClock.Instant? = nil) async -> Task<BatchAnswer<Int>, any Error> {
      let task = submit(0, deadline: deadline)
      await offThread { [entered] in entered.wait() }
      return task
    }

    func waiting(_ inputs: Int) async {
      while await batcher.waiting.inputs != inputs { await Task.yield() }
    }
  }

  @Test func whatFailsFailsNobodyElseAndIsTriedOnce() async throws {
    let fixture = try Fixture { input, _, _ in
      if input < 0 { throw BadInput(value: input) }
      return input * input
    }
    let first = await fixture.hold()
    let tasks = [1, -2, 3].map { fixture.submit($0) }
    await fixture.waiting(3)
    fixture.release.signal()
    _ = try await first.value
    #expect(try await tasks[0].value.output == 1)
    await #expect(throws: BatchingError.self) { try await tasks[1].value }
    #expect(try await tasks[2].value.output == 9)
    #expect(fixture.computed.value.sorted() == [-2, 0, 1, 3])
    #expect(fixture.observer.batches.map(\.failures).reduce(0, +) == 1)
  }

  /// What another model computes meanwhile counts as waiting, not as computing.
  @Test func aComputationGivesWayToOtherModels() async throws {
    let fixture = try Fixture { input, interest, clock in
      clock.advance(by: .milliseconds(30))
      let pause = interest.giveWay()
      clock.advance(by: .milliseconds(1))
      return Int(pause / .milliseconds(1))
    }
    let first = await fixture.hold()
    let (lane, clock) = (fixture.engine.lane("other"), fixture.clock)
    let other = Task { try await lane.run { clock.advance(by: .milliseconds(50)) } }
    while fixture.engine.health(now: .now).waiting < 1 { await Task.yield() }
    fixture.release.signal()
    try await other.value
    let answer = try await first.value
    #expect(answer.output == 50)
    #expect(answer.compute == .milliseconds(31) && answer.queued == .milliseconds(50))
  }

  @Test func aLongBatchEndsBetweenTwoInputs() async throws {
    // Nothing tells beforehand how long they take; a turn is 100 ms.
    let fixture = try Fixture { input, _, clock in
      if input > 0 { clock.advance(by: .milliseconds(60)) }
      return input
    }
    let first = await fixture.hold()
    let tasks = (1...5).map { fixture.submit($0) }
    await fixture.waiting(5)
    fixture.release.signal()
    _ = try await first.value
    for (index, task) in tasks.enumerated() { #expect(try await task.value.output == index + 1) }
    #expect(fixture.observer.batches.map(\.inputs) == [1, 2, 2, 1])
    #expect(fixture.observer.batches.map(\.tokens) == [1, 2, 2, 1])
    #expect(fixture.computed.value.count == 6, "each once")
    #expect(await fixture.batcher.unanswered.inputs == 0)
  }

  /// Whose deadline passes while it is computed is told how long that took, and its computation
  /// hears of it; whose turn had not come was not computed.
  @Test func aComputationHearsThatNobodyWaits() async throws {
    let ended = DispatchSemaphore(value: 0)
    let fixture = try Fixture { input, interest, clock in
      if input == 1 {
        clock.advance(by: .milliseconds(70))
        ended.signal()
        while interest.isAlive {}
        throw BadInput(value: input)
      }
      return input
    }
    let first = await fixture.hold()
    let deadline = fixture.clock.now() + .milliseconds(50)
    let long = fixture.submit(1, deadline: deadline)
    await fixture.waiting(1)
    let behind = fixture.submit(2, deadline: deadline)
    await fixture.waiting(2)
    fixture.release.signal()
    _ = try await first.value
    await offThread { ended.wait() }
    // As the server does when a call's time is over.
    behind.cancel()
    long.cancel()
    await #expect {
      try await long.value
    } throws: {
      ($0 as? BatchingError)?.code == .overran
        && ($0 as? BatchingError)?.computed == .milliseconds(70)
    }
    await #expect {
      try await behind.value
    } throws: {
      ($0 as? BatchingError)?.code == .deadlineExceeded
    }
    // The engine is free again, and nobody counts what nobody waited for as a failure.
    #expect(try await fixture.submit(3).value.output == 3)
    #expect(fixture.observer.batches.allSatisfy { $0.failures == 0 })
  }
}
