import Foundation
import TestSupport

@testable import Batching

/// A job that the engine is held in until it is let go.
struct HeldJob<Value: Sendable>: Sendable {
  private let release = DispatchSemaphore(value: 0)
  private let job: Task<Value, any Error>

  /// Returns once the engine is in it.
  ///
  /// - Parameter work: what it does then.
  init(on lane: EngineLane, _ work: @escaping @Sendable () -> Value) async {
    let entered = DispatchSemaphore(value: 0)
    job = Task { [release] in
      try await lane.run {
        entered.signal()
        release.wait()
        return work()
      }
    }
    await offThread { entered.wait() }
  }

  func letGo() { release.signal() }

  var value: Value { get async throws { try await job.value } }
}
