package import Compute
internal import Models
internal import Synchronization

/// Computes a graph. Each instance has a run of its own, so that its answer depends on no other,
/// unless the plan is known to keep rows apart.
package final class GraphBackend: BatchBackend {
  /// One tensor for each input of the graph, in their order, with what it costs.
  package struct Input: Sendable {
    package let values: [GraphTensor]
    /// In tokens for texts; 1 for all else.
    package let cost: Int

    package init(_ values: [GraphTensor], cost: Int = 1) {
      self.values = values
      self.cost = max(1, cost)
    }
  }
  /// One value for each output of the graph, in their order.
  package typealias Output = [GraphValue]

  package let signature: GraphSignature
  package let traits: GraphTraits
  /// What inputs may take that wait for their run.
  package let inputBudget: MemoryBudget
  private let constantBytes: Int
  private let plan: GraphPlan
  private let context: GraphContext

  /// - Parameter progress: what it throws ends the loading.
  package init(
    path: String, options: GraphOptions = GraphOptions(), processor: Processor,
    progress: LoadingProgress = { _ in }
  ) throws {
    try progress(0)
    let model = try ONNXModel(path: path, support: OperatorRegistry.standard)
    try progress(0.5)
    let constants = MemoryBudget()
    let arena = SlabArena()
    do {
      plan = try GraphPlan(
        model, budget: constants,
        fusions: FusionOptions(
          processor: processor, quantization: options.quantize, arena: arena))
    } catch let error as GraphError {
      throw ModelError(.unsupported, path, "ONNX: \(error)")
    }
    traits = GraphTraits(model.graph)
    signature = try GraphSignature(
      plan, declared: model.graph.outputs, classes: traits.classes.count)
    constantBytes = constants.used + traits.constantBytes
    inputBudget = MemoryBudget(limit: options.valueBytes)
    context = GraphContext(budget: MemoryBudget(limit: options.valueBytes), processor: processor)
    try progress(1)
  }

  /// Bytes held between runs: constants, and what the values of the largest run left to be used
  /// again.
  package var memoryBytes: Int { constantBytes + context.budget.pool.freeBytes }

  package func cost(of input: Input) -> Int { input.cost }

  package func compute(_ batch: [Input]) throws(InferenceError) -> [[GraphValue]] {
    var answers: [[GraphValue]] = []
    answers.reserveCapacity(batch.count)
    for input in batch { answers.append(try run(input)) }
    return answers
  }

  private func run(_ input: Input) throws(InferenceError) -> [GraphValue] {
    try explaining { try plan.run(input.values.map { .tensor($0) }, context) }
  }

  private func explaining<Value>(_ body: () throws -> Value) throws(InferenceError) -> Value {
    do {
      return try body()
    } catch let error as InferenceError {
      throw error
    } catch let error as GraphError {
      if error.isShortage {
        throw InferenceError(
          .tooLarge, "\(error) (graph_memory in model.yaml); send less at once, or raise it")
      }
      // What the model itself has that is not computed was refused when it was loaded.
      throw InferenceError(.invalidInput, "\(error)")
    } catch {
      throw InferenceError(.invalidModel, "\(error)")
    }
  }

  /// Computes once: on zeros, and on ones where integers are taken, with sizes of 1 where any may
  /// stand.
  ///
  /// - Parameter shapes: what is known better of inputs, by their names.
  /// - Throws: where no caller's input can do better. With sizes that the graph leaves open, texts
  ///   or integers, the values are made up, and what they lead to says nothing of the model.
  package func warmUp(shapes: [String: [Int]] = [:]) throws {
    let isTelling = signature.inputs.allSatisfy {
      $0.type?.isFloat == true
        && ($0.isFixed(hasRows: signature.hasRows) || shapes[$0.name] != nil)
    }
    do {
      _ = try run(
        Input(
          signature.inputs.map {
            try Self.sample($0, shapes[$0.name] ?? $0.smallest ?? [], inputBudget)
          }))
    } catch {
      if isTelling { throw error }
    }
  }

  private static func sample(
    _ port: GraphSignature.Port, _ shape: [Int], _ budget: MemoryBudget
  ) throws -> GraphTensor {
    let type = port.type ?? .float
    let count = try GraphTensor.count(shape, limit: budget.elementLimit)
    if type == .string {
      return try GraphTensor(strings: Array(repeating: [], count: count), shape, budget)
    }
    if type.isFloat { return try GraphTensor(type, shape, budget) }
    let ones = try GraphTensor.filled(.int8, shape, of: Int8.self, budget) { span in
      for index in span.indices { span[index] = 1 }
    }
    return try ones.converted(to: type, budget)
  }
}
