import Foundation
import Inference
import Synchronization
import TestSupport

@testable import Batching

/// A scheduler of the hashing model on its own thread, whose engine can be held in a step.
final class SchedulerFixture: Sendable {
  let clock = FakeClock()
  let engine: Engine
  let executor = ThreadExecutor()
  let backend: HashingBackend
  let scheduler: SequenceScheduler
  private let entered = DispatchSemaphore(value: 0)
  private let release = DispatchSemaphore(value: 0)
  private let isHolding = Shared(false)

  init(
    contextLength: Int = 256, blockCount: Int = 4096,
    failsAt badToken: Int32? = nil, observer: (any SequenceObserver)? = nil,
    options change: (inout SequenceOptions) -> Void = { _ in }
  ) throws {
    engine = try Engine()
    var options = SequenceOptions()
    change(&options)
    backend = HashingBackend(contextLength: contextLength, blockCount: blockCount) {
      [entered, release, isHolding] slices in
      if isHolding.value {
        entered.signal()
        release.wait()
      }
      if let badToken, slices.contains(where: { $0.tokens.contains(badToken) }) {
        throw BadInput(value: slices.count)
      }
    }
    scheduler = SequenceScheduler(
      name: "hash", backend: backend, engine: engine, executor: executor, clock: clock,
      options: options, observer: observer)
  }

  deinit { engine.stop() }

  func request(_ prompt: [Int32], max: Int? = nil, seed: UInt64 = 0) -> GenerationRequest {
    var request = GenerationRequest(prompt: prompt, maxTokens: max)
    request.sampling.seed = seed
    return request
  }

  /// Generates to the end in a task on the scheduler's thread.
  func generate(_ request: GenerationRequest) -> Task<([Int32], GenerationSummary?), any Error> {
    Task(executorPreference: executor) { [scheduler] in
      let stream = try await scheduler.generate(request)
      var tokens: [Int32] = []
      while let token = try await stream.next() { tokens.append(token.id) }
      return (tokens, stream.summary)
    }
  }

  /// From now on every step waits on the engine to be let go.
  func hold() { isHolding.update { $0 = true } }
  /// Returns once the engine is in a step.
  func inStep() async { await offThread { [entered] in entered.wait() } }
  /// Lets one held step finish.
  func letGo() { release.signal() }
  /// Lets the held step and all later ones finish.
  func letAllGo() {
    isHolding.update { $0 = false }
    release.signal()
  }

  /// Returns once nothing runs, waits or holds blocks.
  func empty() async {
    let empty = SequenceLoad(
      running: 0, waiting: 0, blocksInUse: 0, blockCount: backend.blockCount)
    while await scheduler.load != empty { await Task.yield() }
  }
}
