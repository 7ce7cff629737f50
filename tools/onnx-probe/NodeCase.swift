internal import Inference
internal import Models

/// One case: model.onnx, and values.onnx with its inputs and expected outputs.
struct NodeCase {
  let folder: String
  let relative: Double
  let absolute: Double

  /// `pass`, or what else became of it.
  var outcome: String {
    let model: ONNXModel
    let values: ONNXModel
    do {
      model = try ONNXModel(path: folder + "/model.onnx", support: OperatorRegistry.standard)
    } catch {
      return "unsupported " + error.problems.map(\.description).joined(separator: "; ")
    }
    do {
      values = try ONNXModel(path: folder + "/values.onnx")
    } catch {
      return "unsupported values: \(error.problems.map(\.description).joined(separator: "; "))"
    }
    do {
      return try compare(model, values)
    } catch let error as GraphError where error.isUnsupported {
      return "unsupported \(error)"
    } catch {
      return "fail \(error)"
    }
  }

  private func compare(_ model: ONNXModel, _ values: ONNXModel) throws -> String {
    let budget = MemoryBudget(limit: 1 << 30, elementLimit: 1 << 26)
    let plan = try GraphPlan(model, budget: budget)
    var tree = ValueTree()
    for tensor in values.graph.initializers { try tree.add(tensor, budget) }
    let inputs = try model.graph.inputs.indices.map { try tree.value("input:\($0)") }
    let outputs = try plan.run(inputs, GraphContext(budget: budget))
    for (index, output) in outputs.enumerated() {
      let comparison = Comparison(relative: relative, absolute: absolute, budget: budget)
      try comparison.check(
        output, try tree.value("output:\(index)"), "output \(index)")
      try comparison.check(plan.outputFacts[index], output)
    }
    return "pass"
  }
}

/// Values by their places: `input:0`, or `input:0:3` for the fourth of a sequence.
struct ValueTree {
  private var tensors: [String: GraphTensor] = [:]

  mutating func add(_ tensor: ONNXTensor, _ budget: MemoryBudget) throws {
    tensors[tensor.name] = try .make(tensor, budget)
  }

  func value(_ name: String) throws -> GraphValue {
    if let tensor = tensors[name] { return .tensor(tensor) }
    if tensors[name + ":none"] != nil { return .none }
    if let keys = tensors[name + ":keys"], let values = tensors[name + ":values"] {
      return .map(keys: keys, values: values)
    }
    guard let count = tensors[name + ":count"] else { throw GraphError("\(name) is not there") }
    return .sequence(try (0..<Int(count.values(Int64.self)[0])).map { try value("\(name):\($0)") })
  }
}
