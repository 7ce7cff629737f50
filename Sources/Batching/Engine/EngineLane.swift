import Synchronization

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

  /// Runs `work` on the engine's thread when it is this lane's turn, and comes back to the
  /// caller's executor.
  ///
  /// - Parameter comesBack: whether the owner will have another job as soon as this one is done.
  /// - Throws: what `work` throws, or `BatchingError.stopped`. A lane's owner has one job at a
  ///   time; a second one meanwhile is refused, so that the engine's queue stays bounded.
  package func run<Value: Sendable>(
    comesBack: Bool = false, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    guard !occupied.exchange(true, ordering: .acquiring) else {
      throw BatchingError(.invalidRequest, "lane \(name) already has a job on the engine")
    }
    defer { occupied.store(false, ordering: .releasing) }
    return try await Promise.wait { promise in
      core.submit(
        EngineJob(lane: id, name: name, comesBack: comesBack) { refusal in
          if let refusal { return { promise.fail(refusal) } }
          do {
            let value = try work()
            return { promise.succeed(value) }
          } catch {
            return { promise.fail(error) }
          }
        })
    }
  }
}

struct EngineJob: Sendable {
  var lane: Int
  var name: String
  var comesBack: Bool
  /// Called once: with nil on the engine's thread, or with the reason why it never will run. What
  /// it returns hands the outcome back, after which the lane may have its next job.
  var body: @Sendable (BatchingError?) -> (@Sendable () -> Void)
}
