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
    /// What errors call it.
    package var title = ""

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
  private let plan: GraphPlan
  private let arena: SlabArena
  private let context: GraphContext

  /// - Parameters:
  ///   - interest: the loading ends when it has gone.
  ///   - progress: what it throws ends the loading.
  package init(
    path: String, options: GraphOptions = GraphOptions(), processor: Processor,
    interest: (any Interest)? = nil, progress: LoadingProgress = { _ in }
  ) throws {
    try progress(0)
    let model = try ONNXModel(path: path, support: OperatorRegistry.standard)
    try progress(0.5)
    traits = GraphTraits(model.graph)
    arena = SlabArena()
    do {
      plan = try GraphPlan(
        model, foldedBytes: options.valueBytes,
        fusions: FusionOptions(
          processor: processor, quantization: options.quantize, arena: arena), interest: interest)
    } catch let error as GraphError {
      throw ModelError(.unsupported, path, "ONNX: \(error)")
    }
    signature = try GraphSignature(
      plan, declared: model.graph.outputs, classes: traits.classes.count)
    inputBudget = MemoryBudget(limit: options.valueBytes)
    context = GraphContext(
      budget: MemoryBudget(limit: options.valueBytes), processor: processor,
      timeLimit: options.runTime)
    try progress(1)
  }

  /// Bytes held between runs: constants, packed weights, where windows read, and what the values of
  /// the largest run left to be used again.
  package var memoryBytes: Int {
    plan.constantBytes + arena.takenBytes + context.budget.used + context.budget.pool.freeBytes
  }

  package func cost(of input: Input) -> Int { input.cost }

  package var inputsAtOnce: Int { 1 }

  package func compute(
    _ batch: [Input], for interest: (any Interest)? = nil
  ) throws(InferenceError) -> [[GraphValue]] {
    var answers: [[GraphValue]] = []
    answers.reserveCapacity(batch.count)
    for input in batch { answers.append(try answer(to: input, for: interest)) }
    return answers
  }

  private func answer(
    to input: Input, for interest: (any Interest)?
  ) throws(InferenceError) -> [GraphValue] {
    do {
      return try plan.run(input.values.map { .tensor($0) }, context, for: interest)
    } catch let error as InferenceError {
      throw error
    } catch let error as GraphError {
      let message = input.title.isEmpty ? "\(error)" : "\(input.title): \(error)"
      let key: String
      switch error.bound {
      case .memory: key = "graph_memory in model.yaml"
      case .time: key = "graph_time in model.yaml, at most --stuck-after"
      case .interest: throw InferenceError(.cancelled, message)
      // What the model itself has that is not computed was refused when it was loaded.
      case .steps, nil: throw InferenceError(.invalidInput, message)
      }
      throw InferenceError(
        .tooLarge,
        "\(message) (\(key)); send a shorter input, or set a higher limit")
    } catch {
      throw InferenceError(.invalidModel, "\(error)")
    }
  }

  /// Computes once: on zeros, and on ones where integers are taken, with sizes of 1 where any may
  /// stand.
  ///
  /// - Parameters:
  ///   - shapes: what is known better of inputs, by their names.
  ///   - interest: the run ends when it has gone.
  /// - Throws: where no caller's input can do better. With sizes that the graph leaves open, texts
  ///   or integers, the values are made up, and what they lead to says nothing of the model.
  package func warmUp(shapes: [String: [Int]] = [:], for interest: (any Interest)? = nil) throws {
    let isTelling = signature.inputs.allSatisfy {
      $0.type?.isFloat == true
        && ($0.isFixed(hasRows: signature.hasRows) || shapes[$0.name] != nil)
    }
    do {
      let values = try signature.inputs.map {
        try Self.sample($0, shapes[$0.name] ?? $0.smallest ?? [], inputBudget)
      }
      _ = try compute([Input(values)], for: interest)
    } catch let error as InferenceError where error.code == .cancelled {
      throw error
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
