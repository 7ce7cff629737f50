internal import Models
internal import Synchronization

/// Computes what depends on constants alone, once at load, as far as that is cheap: what takes more
/// is left to the runs and their limits, so that no small file keeps a server from starting.
final class ConstantFolding: Sendable {
  /// Of all constants of a plan together, and of one: so that a dear one leaves some to the others.
  private static let stepLimit = (all: 1 << 18, each: 1 << 14)
  private static let timeLimit = (all: Duration.seconds(5), each: Duration.seconds(1))

  let context: GraphContext
  private let interest: (any Interest)?
  private let left: Mutex<(steps: Int, time: Duration)>

  init(_ budget: MemoryBudget, interest: (any Interest)?) {
    context = GraphContext(budget: budget)
    self.interest = interest
    left = Mutex((min(budget.stepLimit, Self.stepLimit.all), Self.timeLimit.all))
  }

  /// What computed constants of a graph may take: of weights with half the bits twice as much, and
  /// some.
  static func byteLimit(of graph: ONNXGraph) -> Int {
    let attributes = graph.nodes.lazy.flatMap(\.attributes.values).map { attribute in
      if case .tensor(let tensor) = attribute { tensor.bytes.byteCount } else { 0 }
    }
    let bytes = graph.initializers.reduce(0) { $0 + $1.bytes.byteCount } + attributes.reduce(0, +)
    return (64 << 20) + 8 * bytes
  }

  /// - Returns: nil where it would take more than it may.
  /// - Throws: what is wrong with the node; that nobody waits any more.
  func values(of operation: any GraphOperator, _ inputs: GraphInputs) throws -> [GraphValue]? {
    let (steps, time) = left.withLock { $0 }
    guard steps > 0, time > .zero else { return nil }
    let start = ContinuousClock.now
    let watch = RunWatch(
      stepLimit: min(steps, Self.stepLimit.each), timeLimit: min(time, Self.timeLimit.each),
      interest: interest)
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
    guard interest?.isAlive ?? true else {
      throw InferenceError(.cancelled, "it is not to be loaded")
    }
  }
}
