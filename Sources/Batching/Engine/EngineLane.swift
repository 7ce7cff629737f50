internal import Synchronization
internal import Threads

/// One model's share of the engine.
package final class EngineLane: Sendable {
  package let name: String
  private let core: EngineCore
  private let id: Int
  private let occupied = Atomic(false)

  init(name: String, core: EngineCore) {
    self.name = name
    self.core = core
    id = core.open()
  }

  deinit { core.close(id) }

  /// Whether another lane has work too: then a job should be short, because the other waits for all
  /// of it.
  package var isContended: Bool { core.isContended(besides: id) }

  /// For a job of this lane that takes long, now and then: lanes whose turn it is by now compute
  /// first, within the call. Those that have had less than this one, that is; and not if too many
  /// jobs give way already.
  ///
  /// - Parameter slice: for so long, since it began or went on, a job need not give way.
  /// - Returns: how long that took.
  package func giveWay(after slice: Duration) -> Duration {
    core.giveWay(id, name, after: slice)
  }

  /// Runs `work` on the engine's thread when it is this lane's turn, and comes back to the
  /// caller's executor.
  ///
  /// - Parameter comesBack: whether the owner will have another job as soon as this one is done.
  /// - Throws: what `work` throws, or `BatchingError.stopped`. A lane's owner has one job at a
  ///   time; a second one meanwhile is refused, so that the engine's queue stays bounded.
  package func run<Value: Sendable>(
    comesBack: Bool = false, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await Promise.wait { promise in
      submit(comesBack: comesBack, work) { promise.resume(with: $0) }
    }
  }

  /// The same for a thread that is nobody's executor: blocks until the job is done.
  package func runAndWait<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) throws -> Value {
    let handOver = HandOver<Value>()
    submit(comesBack: false, work) { handOver.give($0) }
    return try handOver.take().get()
  }

  /// - Parameter done: called once, from the engine's thread or from here.
  private func submit<Value: Sendable>(
    comesBack: Bool, _ work: @escaping @Sendable () throws -> Value,
    _ done: @escaping @Sendable (Result<Value, any Error>) -> Void
  ) {
    guard !occupied.exchange(true, ordering: .acquiring) else {
      let refusal = BatchingError(.invalidRequest, "lane \(name) already has a job on the engine")
      return done(.failure(refusal))
    }
    let job = EngineJob(lane: id, name: name, comesBack: comesBack) { [self] refusal in
      let result = refusal.map { .failure($0) } ?? Result { try work() }
      return { [self] in
        occupied.store(false, ordering: .releasing)
        done(result)
      }
    }
    core.submit(job)
  }
}

/// Carries one result to a thread that sleeps until it is there.
private final class HandOver<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let isThere = Semaphore()

  func give(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    isThere.signal()
  }

  func take() -> Result<Value, any Error> {
    while true {
      isThere.wait()
      if let result = result.withLock({ $0 }) { return result }
    }
  }
}

struct EngineJob: Sendable {
  var lane: Int
  var name: String
  var comesBack: Bool
  /// Called once: with nil on the engine's thread, or with the reason why it never will run. What
  /// it returns hands the result back, after which the lane may have its next job.
  var body: @Sendable (BatchingError?) -> (@Sendable () -> Void)
}
