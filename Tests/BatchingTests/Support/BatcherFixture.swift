import Foundation
import Inference
import Synchronization
import TestSupport

@testable import Batching

/// A batcher of squares on its own thread, whose engine can be held in the middle of a batch.
final class BatcherFixture: Sendable {
  let clock: FakeClock
  let engine: Engine
  let executor = ThreadExecutor()
  let backend: SquaringBackend
  let batcher: DynamicBatcher<SquaringBackend>
  let observer = CountingObserver()
  private let entered = DispatchSemaphore(value: 0)
  private let release = DispatchSemaphore(value: 0)
  private let isHolding: Shared<Bool>

  init(
    computeTime: Duration = .zero, observer other: (any BatchObserver)? = nil,
    options change: (inout BatchOptions) -> Void = { _ in }
  ) throws {
    var options = BatchOptions()
    change(&options)
    let clock = FakeClock()
    let isHolding = Shared(false)
    self.clock = clock
    self.isHolding = isHolding
    engine = try Engine(now: { clock.now() })
    backend = SquaringBackend { [entered, release] _ in
      if isHolding.value {
        entered.signal()
        release.wait()
      }
      clock.advance(by: computeTime)
    }
    batcher = DynamicBatcher(
      name: "squares", backend: backend, engine: engine, executor: executor, clock: clock,
      options: options, observer: other ?? observer)
  }

  deinit { engine.stop() }

  typealias Answer = BatchAnswer<Int>

  func submit(
    _ input: Int, deadline: ContinuousClock.Instant? = nil, queueTimeout: Duration? = nil,
    waited: Duration = .zero
  ) -> Task<Answer, any Error> {
    Task(executorPreference: executor) { [batcher] in
      try await batcher.submit(
        input, deadline: deadline, queueTimeout: queueTimeout, waited: waited)
    }
  }

  func submit(
    all inputs: [Int], deadline: ContinuousClock.Instant? = nil, queueTimeout: Duration? = nil,
    waited: Duration = .zero
  ) -> Task<[Answer], any Error> {
    Task(executorPreference: executor) { [batcher] in
      try await batcher.submit(
        all: inputs, deadline: deadline, queueTimeout: queueTimeout, waited: waited)
    }
  }

  /// Starts a batch of one zero and keeps the engine in it until `letGo`.
  func hold(deadline: ContinuousClock.Instant? = nil) async -> Task<Answer, any Error> {
    isHolding.update { $0 = true }
    let task = submit(0, deadline: deadline)
    await offThread { [entered] in entered.wait() }
    isHolding.update { $0 = false }
    return task
  }

  func letGo() { release.signal() }

  /// Returns once so many inputs wait for a batch.
  func waiting(_ inputs: Int) async {
    while await batcher.waiting.inputs != inputs { await Task.yield() }
  }
}

final class CountingObserver: BatchObserver {
  private let state = Mutex(
    (batches: [BatchReport](), drops: [BatchDropReason: Int](), waiting: (inputs: 0, tokens: 0)))
  var batches: [BatchReport] { state.withLock { $0.batches } }
  func drops(_ reason: BatchDropReason) -> Int { state.withLock { $0.drops[reason] ?? 0 } }

  var waiting: (inputs: Int, tokens: Int) { state.withLock { $0.waiting } }

  func queueChanged(inputs: Int, tokens: Int) { state.withLock { $0.waiting = (inputs, tokens) } }
  func batchComputed(_ batch: BatchReport) { state.withLock { $0.batches.append(batch) } }
  func inputsDropped(_ count: Int, reason: BatchDropReason) {
    state.withLock { $0.drops[reason, default: 0] += count }
  }
}
