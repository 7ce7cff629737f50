internal import Synchronization

/// Counts the nodes that a run computes, so that no loops within loops go on for days. All the
/// constants of a plan are one run.
package final class StepCount: Sendable {
  private let limit: Int
  private let taken = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  func take() throws {
    guard taken.add(1, ordering: .relaxed).newValue <= limit else {
      throw GraphError("it computes more than the limit of \(limit) nodes")
    }
  }
}
