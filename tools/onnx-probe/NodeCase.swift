internal import Compute
import Glibc
internal import Inference
internal import Models

/// One case: model.onnx, and values.onnx with its inputs and expected outputs; values-1.onnx and so
/// on have those of further runs.
struct NodeCase {
  let folder: String
  let relative: Double
  let absolute: Double
  /// What fused operators compute on.
  let processor: Processor

  /// `pass`, or what else became of it.
  var outcome: String {
    let model: ONNXModel
    var runs: [ONNXModel] = []
    do {
      model = try ONNXModel(path: folder + "/model.onnx", support: OperatorRegistry.standard)
    } catch {
      return "unsupported " + error.problems.map(\.description).joined(separator: "; ")
    }
    do {
      runs.append(try ONNXModel(path: folder + "/values.onnx"))
      while case let path = folder + "/values-\(runs.count).onnx", unsafe access(path, R_OK) == 0 {
        runs.append(try ONNXModel(path: path))
      }
    } catch {
      return "unsupported values: \(error.problems.map(\.description).joined(separator: "; "))"
    }
    do {
      try compare(model, runs)
      return "pass"
    } catch let error as GraphError where error.isUnsupported {
      return "unsupported \(error)"
    } catch {
      return "fail \(error)"
    }
  }

  /// All runs are of one plan, which is made with each node on its own, and as the server makes it.
  private func compare(_ model: ONNXModel, _ runs: [ONNXModel]) throws {
    let budget = MemoryBudget(limit: 1 << 30, elementLimit: 1 << 26)
    for (title, fusions) in [("", nil), ("fused, ", FusionOptions(processor: processor))] {
      let plan = try GraphPlan(model, budget: budget, fusions: fusions)
      for (number, run) in runs.enumerated() {
        do {
          try compare(model, plan, run, budget)
        } catch let error as GraphError where !error.isUnsupported {
          throw GraphError("\(title)run \(number): \(error)")
        }
      }
    }
  }

  private func compare(
    _ model: ONNXModel, _ plan: GraphPlan, _ values: ONNXModel, _ budget: MemoryBudget
  ) throws {
    var tree = ValueTree()
    for tensor in values.graph.initializers { try tree.add(tensor, budget) }
    let inputs = try model.graph.inputs.indices.map { try tree.value("input:\($0)") }
    let outputs = try plan.run(inputs, GraphContext(budget: budget, processor: processor))
    for (index, output) in outputs.enumerated() {
      let tolerance = tree.tolerance(index)
      let comparison = Comparison(
        relative: tolerance == nil ? relative : 0, absolute: tolerance ?? absolute, budget: budget)
      try comparison.check(
        output, try tree.value("output:\(index)"), "output \(index)")
      try comparison.check(plan.outputFacts[index], output)
    }
  }
}

/// Values by their places: `input:0`, or `input:0:3` for the fourth of a sequence.
struct ValueTree {
  private var tensors: [String: GraphTensor] = [:]

  mutating func add(_ tensor: ONNXTensor, _ budget: MemoryBudget) throws {
    tensors[tensor.name] = try .make(tensor, budget)
  }

  /// How far an output may be from what is expected, where that is said for itself.
  func tolerance(_ output: Int) -> Double? {
    tensors["tolerance:\(output)"]?.values(Double.self)[0]
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
