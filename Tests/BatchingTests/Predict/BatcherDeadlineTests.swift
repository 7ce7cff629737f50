import Foundation
import Inference
import Metrics
import TestSupport
import Testing

@testable import Batching

/// Deadlines (finish by) and queue timeouts (start by).
@Suite struct BatcherDeadlineTests {
  func code(_ task: Task<some Sendable, any Error>) async -> BatchingError.Code? {
    await error(task)?.code
  }

  func error(_ task: Task<some Sendable, any Error>) async -> BatchingError? {
    do {
      _ = try await task.value
      return nil
    } catch { return error as? BatchingError }
  }

  @Test func anExpiredEntryIsNotComputed() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let late = fixture.submit(4, deadline: fixture.clock.now() + .milliseconds(5))
    let early = fixture.submit(5, deadline: fixture.clock.now() + .milliseconds(6))
    await fixture.waiting(2)
    fixture.clock.advance(by: .milliseconds(5))
    fixture.letGo()
    _ = try await first.value
    #expect(await code(late) == .deadlineExceeded)
    #expect(try await early.value.output == 25)
    #expect(fixture.backend.computed == [[0], [5]])
    #expect(fixture.observer.drops(.expired) == 1)
  }

  @Test func aDeadlineIsToldWhileALongBatchRuns() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let late = fixture.submit(4, deadline: fixture.clock.now() + .milliseconds(5))
    let later = fixture.submit(5, deadline: fixture.clock.now() + .milliseconds(9))
    await fixture.waiting(2)
    #expect(fixture.clock.alarmCount == 1)
    fixture.clock.advance(by: .milliseconds(5))
    #expect(await code(late) == .deadlineExceeded)
    while fixture.clock.alarmCount == 0 { await Task.yield() }
    fixture.clock.advance(by: .milliseconds(4))
    #expect(await code(later) == .deadlineExceeded)
    fixture.letGo()
    #expect(try await first.value.output == 0)
    #expect(fixture.backend.computed == [[0]])
  }

  @Test func theHopelessAreRefusedOnArrival() async throws {
    let fixture = try BatcherFixture(computeTime: .milliseconds(10)) { $0.maxBatchInputs = 1 }
    for _ in 0..<8 { _ = try await fixture.submit(1).value }
    let first = await fixture.hold()
    let refused = fixture.submit(1, deadline: fixture.clock.now() + .milliseconds(15))
    #expect(await code(refused) == .hopeless)
    #expect(fixture.observer.drops(.hopeless) == 1)
    fixture.letGo()
    _ = try await first.value
  }

  // MARK: Queue timeout

  @Test func whatDoesNotStartInTimeIsRefusedOnBothSidesOfTheBound() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let late = fixture.submit(4, queueTimeout: .milliseconds(5))
    let early = fixture.submit(5, queueTimeout: .milliseconds(6))
    await fixture.waiting(2)
    fixture.clock.advance(by: .milliseconds(5))
    let refused = await error(late)
    #expect(refused?.code == .queueTimeout)
    #expect(refused?.message.contains("5 ms") == true)
    #expect(refused?.retryAfter == RetryAdvice.unmeasured)
    fixture.letGo()
    _ = try await first.value
    #expect(try await early.value.output == 25)
    #expect(fixture.backend.computed == [[0], [5]])
    #expect(fixture.observer.drops(.queueTimeout) == 1)
    #expect(fixture.observer.drops(.expired) == 0)
  }

  /// What it has waited for elsewhere is taken off, and the refusal names the whole.
  @Test func whatHasBeenWaitedForBeforeCounts() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let timeout = Duration.milliseconds(20)
    let late = fixture.submit(4, queueTimeout: timeout, waited: .milliseconds(15))
    let group = fixture.submit(all: [6, 7], queueTimeout: timeout, waited: .milliseconds(30))
    let early = fixture.submit(5, queueTimeout: timeout, waited: .milliseconds(14))
    await fixture.waiting(4)
    fixture.clock.advance(by: .milliseconds(5))
    fixture.letGo()
    _ = try await first.value
    let refused = await error(late)
    #expect(refused?.code == .queueTimeout && refused?.message.contains("20 ms") == true)
    #expect(await code(group) == .queueTimeout)
    #expect(try await early.value.output == 25)
    #expect(fixture.backend.computed == [[0], [5]])
  }

  @Test func whatHasStartedMayTakeItsTime() async throws {
    let fixture = try BatcherFixture(computeTime: .seconds(60))
    let answer = try await fixture.submit(3, queueTimeout: .milliseconds(1)).value
    #expect(answer.output == 9)
  }

  @Test func aQueueTimeoutIsNoReasonToRefuseOnArrival() async throws {
    // Sixty seconds are predicted, but it starts with the next batch.
    let fixture = try BatcherFixture(computeTime: .seconds(60))
    for _ in 0..<8 { _ = try await fixture.submit(1).value }
    let first = await fixture.hold()
    let next = fixture.submit(2, queueTimeout: .milliseconds(5))
    await fixture.waiting(1)
    fixture.clock.advance(by: .milliseconds(4))
    #expect(await fixture.batcher.waiting.inputs == 1)
    fixture.letGo()
    _ = try await first.value
    #expect(await code(next) == .queueTimeout)
  }

  @Test func aPassedDeadlineIsToldAsThatWhateverTheTimeout() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let deadline = fixture.clock.now() + .milliseconds(5)
    let task = fixture.submit(4, deadline: deadline, queueTimeout: .milliseconds(5))
    await fixture.waiting(1)
    fixture.clock.advance(by: .milliseconds(5))
    #expect(await code(task) == .deadlineExceeded)
    fixture.letGo()
    _ = try await first.value
  }

  @Test func aRequestIsRefusedAsAWholeAndCounted() async throws {
    let fixture = try BatcherFixture()
    let first = await fixture.hold()
    let request = fixture.submit(all: [1, 2, 3], queueTimeout: .milliseconds(5))
    await fixture.waiting(3)
    fixture.clock.advance(by: .milliseconds(5))
    #expect(await code(request) == .queueTimeout)
    #expect(fixture.observer.drops(.queueTimeout) == 3)
    #expect(await fixture.batcher.unanswered == (1, 0))
    fixture.letGo()
    _ = try await first.value
    #expect(try await fixture.submit(7).value.output == 49)
    #expect(await fixture.batcher.unanswered == (0, 0))
  }

  /// What a request waits for itself is no advice: it can come back when the others that are before
  /// it take no longer than it may wait for them.
  @Test(arguments: [(35, 0.015), (45, 0.005)])
  func adviceIsWhenTheRequestCanBeginInItsTime(timeout: Int, advice: Double) async throws {
    let fixture = try BatcherFixture(computeTime: .milliseconds(10)) { $0.maxBatchInputs = 1 }
    for _ in 0..<8 { _ = try await fixture.submit(1).value }
    let first = await fixture.hold()
    // Its fourth input cannot begin before 30 ms are over, and two others wait.
    let request = fixture.submit(all: [1, 1, 1, 1], queueTimeout: .milliseconds(timeout))
    let others = [fixture.submit(1), fixture.submit(1)]
    await fixture.waiting(6)
    fixture.clock.advance(by: .milliseconds(timeout))
    let refused = await error(request)
    #expect(refused?.code == .queueTimeout)
    #expect(abs(try #require(refused?.retryAfter).seconds - advice) < 0.001)
    fixture.letGo()
    _ = try await first.value
    for other in others { _ = try await other.value }
  }

  /// Alone it would take too long to begin: it is told at once, and what to do.
  @Test func whatCanNeverBeginInTimeIsRefusedOnArrival() async throws {
    let fixture = try BatcherFixture(computeTime: .milliseconds(10)) { $0.maxBatchInputs = 1 }
    for _ in 0..<8 { _ = try await fixture.submit(1).value }
    let first = await fixture.hold()
    let refused = await error(
      fixture.submit(all: [1, 1, 1, 1], queueTimeout: .milliseconds(25)))
    #expect(refused?.code == .queueTimeout && refused?.retryAfter == nil)
    #expect(refused?.message.contains("split the request") == true)
    #expect(fixture.observer.drops(.queueTimeout) == 4)
    #expect(await fixture.batcher.unanswered == (1, 0))
    fixture.letGo()
    _ = try await first.value
    // On an idle engine it is tried all the same, so that a wrong prediction can be mended.
    let before = fixture.backend.computed.count
    _ = await error(fixture.submit(all: [1, 1, 1, 1], queueTimeout: .milliseconds(25)))
    #expect(fixture.backend.computed.count > before)
  }

  @Test func aBatchThatWaitsForTheEngineLosesWhatLapsesMeanwhile() async throws {
    let fixture = try BatcherFixture()
    let (entered, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let other = fixture.engine.lane("other")
    let first = await fixture.hold()
    let batch = [
      fixture.submit(1, queueTimeout: .milliseconds(5)), fixture.submit(2),
      fixture.submit(3, deadline: fixture.clock.now() + .milliseconds(5)), fixture.submit(-4),
    ]
    await fixture.waiting(4)
    let held = Task {
      try await other.run {
        entered.signal()
        release.wait()
      }
    }
    while fixture.engine.health(now: fixture.clock.now()).waiting < 1 { await Task.yield() }
    fixture.letGo()
    _ = try await first.value
    // The other model computes; what is formed as a batch now has still not begun.
    await offThread { entered.wait() }
    while await fixture.batcher.waiting.inputs == 4 { await Task.yield() }
    fixture.clock.advance(by: .milliseconds(5))
    release.signal()
    try await held.value
    #expect(await code(batch[0]) == .queueTimeout)
    #expect(try await batch[1].value.output == 4)
    #expect(await code(batch[2]) == .deadlineExceeded)
    #expect(await code(batch[3]) == .backendFailed)
    #expect(!fixture.backend.computed.joined().contains(1))
    #expect(!fixture.backend.computed.joined().contains(3))
    #expect(fixture.observer.drops(.queueTimeout) == 1 && fixture.observer.drops(.expired) == 1)
  }
}
