internal import Synchronization

/// Computes what depends on constants alone, once at load, as far as that is cheap: what takes more
/// is left to the runs and their limits, so that no small file keeps a server from starting.
final class ConstantFolding: Sendable {
  /// Of all constants of a plan together.
  private static let stepLimit = 1 << 18
  private static let timeLimit = Duration.seconds(5)

  let context: GraphContext
  private let waiter: (any Waiter)?
  private let left: Mutex<(steps: Int, time: Duration)>

  init(_ budget: MemoryBudget, waiter: (any Waiter)?) {
    context = GraphContext(budget: budget)
    self.waiter = waiter
    left = Mutex((min(budget.stepLimit, Self.stepLimit), Self.timeLimit))
  }

  /// What folded values of a file may take whose constants take so many bytes: of weights with half
  /// the bits twice as much, and some.
  package static func byteLimit(constantBytes: Int) -> Int {
    (64 << 20) + 8 * min(constantBytes, 1 << 40)
  }

  /// - Returns: nil where it would take more than it may.
  /// - Throws: what is wrong with the node; that nobody waits any more.
  func values(of operation: any GraphOperator, _ inputs: GraphInputs) throws -> [GraphValue]? {
    let (steps, time) = left.withLock { $0 }
    let start = ContinuousClock.now
    let watch = RunWatch(stepLimit: steps, timeLimit: time, waiter: waiter)
    defer {
      let spent = start.duration(to: .now)
      left.withLock { $0 = ($0.steps - watch.steps, max(.zero, $0.time - spent)) }
    }
    do {
      try watch.step()
      return try GraphPlan.compute(operation, inputs, context.watched(by: watch))
    } catch let error as GraphError where error.bound != nil && error.bound != .interest {
      return nil
    }
  }

  /// - Throws: that nobody waits any more.
  func checkInterest() throws {
    if let waiter, !waiter.isWaiting { throw InferenceError(.cancelled, "it is not to be loaded") }
  }
}
