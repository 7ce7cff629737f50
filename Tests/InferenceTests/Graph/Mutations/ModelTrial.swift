import Bytes
import Compute
import Models
import TestSupport

@testable import Inference

/// Reads a model, plans it and runs it on values of its inputs' types, all within tight bounds.
struct ModelTrial: Sendable {
  enum Outcome: Int, Sendable { case refused, unplanned, failed, computed }

  let processor: Processor

  func outcome(_ bytes: [UInt8], fused: Bool, _ random: inout SeededGenerator) -> Outcome {
    let model: ONNXModel
    do {
      model = try ONNXModel(
        MappedFile(contents: bytes, name: "broken.onnx"), support: OperatorRegistry.standard)
    } catch { return .refused }
    let budget = MemoryBudget(limit: 1 << 20, elementLimit: 1 << 12, stepLimit: 1 << 12)
    let plan: GraphPlan
    do {
      plan = try GraphPlan(
        model, budget: budget, fusions: fused ? FusionOptions(processor: processor) : nil)
    } catch { return .unplanned }
    do {
      let context = GraphContext(budget: budget, processor: processor)
      var sizes: [String: Int] = [:]
      let inputs = try plan.inputs.map { try value($0.type, &sizes, context, &random) }
      let outputs = try plan.run(inputs, context)
      return outputs.count == plan.outputNames.count ? .computed : .failed
    } catch { return .failed }
  }

  private func value(
    _ type: ONNXValueType?, _ sizes: inout [String: Int], _ context: GraphContext,
    _ random: inout SeededGenerator
  ) throws -> GraphValue {
    switch type {
    case nil, .sparseTensor: return .none
    case .optional(let inner):
      return Bool.random(using: &random) ? .none : try value(inner, &sizes, context, &random)
    case .sequence(let inner):
      return .sequence(
        try (0..<Int.random(in: 0...3, using: &random)).map { _ in
          try value(inner, &sizes, context, &random)
        })
    case .map(let key, let inner):
      let values = try value(inner, &sizes, context, &random)
      guard case .tensor(let tensor) = values else { throw GraphError("no map") }
      return .map(keys: try self.tensor(key, [tensor.count], context, &random), values: tensor)
    case .tensor(let element, let shape):
      let rank = Int.random(in: 0...3, using: &random)
      let shape = (shape ?? .unknown(rank)).map { dimension -> Int in
        switch dimension {
        case .fixed(let size): return size
        case .symbolic(let name):
          sizes[name] = sizes[name] ?? Int.random(in: 0...3, using: &random)
          return sizes[name] ?? 0
        case .unknown: return Int.random(in: 0...3, using: &random)
        }
      }
      return .tensor(try tensor(element, shape, context, &random))
    }
  }

  /// Mostly small numbers, as sizes and indices are; some of any bits.
  private func tensor(
    _ type: ONNXElementType, _ shape: [Int], _ context: GraphContext,
    _ random: inout SeededGenerator
  ) throws -> GraphTensor {
    let count = try GraphTensor.count(shape, limit: 1 << 10)
    if type == .string {
      let words = ["", "a", "b", "1.5", "-3", "true"].map { Array($0.utf8) }
      return try context.texts(
        shape, (0..<count).map { _ in words[Int.random(in: words.indices, using: &random)] })
    }
    if let bits = type.bits, bits < 8 {
      let bytes = (0..<(type.byteCount(of: count) ?? 0)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      return try .make(type, shape, bytes: bytes, context.budget)
    }
    if Int.random(in: 0..<8, using: &random) == 0 {
      let bytes = (0..<(type.byteCount(of: count) ?? 0)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      return try .make(type, shape, bytes: bytes, context.budget)
    }
    let low: Int64 = Int.random(in: 0..<3, using: &random) == 0 ? -3 : 0
    let new = try context.new(Int64.self, shape)
    for index in 0..<count { new[index] = Int64.random(in: low...4, using: &random) }
    return try new.tensor.converted(to: type, context.budget)
  }
}
