import Compute
import Models
import TestSupport
import Testing

@testable import Inference

/// Graphs that are computed twice, node by node and fused, for tests of fusions.
struct FusionSample {
  var nodes: [ONNXNode] = []
  var constants: [ONNXTensor] = []
  var inputs: [(name: String, shape: [Int], values: [Float])] = []
  /// Whether batch and length of the inputs are told to the plan.
  var isOpen = true
  private var random: SeededGenerator
  private var count = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func floats(_ count: Int, _ magnitude: Float = 1) -> [Float] {
    (0..<count).map { _ in (Float(random.next() >> 40) / Float(1 << 23) - 1) * magnitude }
  }

  /// Adds a node; gives the name of its output.
  mutating func add(
    _ operation: String, _ inputs: String..., domain: String = "", outputs: [String]? = nil,
    with attributes: [String: ONNXAttribute] = [:]
  ) -> String {
    count += 1
    let outputs = outputs ?? ["v\(count)"]
    nodes.append(
      ONNXNode(
        name: "n\(count)", domain: domain, operation: operation,
        version: domain.isEmpty ? 17 : 1, inputs: inputs, outputs: outputs,
        attributes: attributes))
    return outputs[0]
  }

  mutating func constant(_ shape: [Int], _ values: [Float]) -> String {
    constant(shape, .float, values.flatMap { Self.raw($0.bitPattern) })
  }

  mutating func constant(_ shape: [Int], _ type: ONNXElementType, _ bytes: [UInt8]) -> String {
    count += 1
    constants.append(
      ONNXTensor(name: "c\(count)", elementType: type, shape: shape, bytes: bytes))
    return "c\(count)"
  }

  mutating func ints(_ values: [Int64]) -> String {
    constant([values.count], .int64, values.flatMap { Self.raw(UInt64(bitPattern: $0)) })
  }

  private static func raw<Bits: FixedWidthInteger>(_ bits: Bits) -> [UInt8] {
    (0..<Bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> Bits(8 * $0)) }
  }

  mutating func random(_ shape: [Int], _ magnitude: Float = 1) -> String {
    let values = floats(shape.reduce(1, *), magnitude)
    return constant(shape, values)
  }

  mutating func input(_ name: String, _ shape: [Int], _ magnitude: Float = 1) -> String {
    inputs.append((name, shape, floats(shape.reduce(1, *), magnitude)))
    return name
  }

  /// A plan of it, with the given outputs.
  func plan(_ outputs: [String], _ fusions: FusionOptions?) throws -> GraphPlan {
    let graph = ONNXGraph(
      name: "test", nodes: nodes, initializers: constants,
      inputs: inputs.map { input in
        let shape = input.shape.enumerated().map { axis, size -> ONNXDimension in
          isOpen && axis + 1 < input.shape.count && axis < 2 ? .symbolic("d\(axis)") : .fixed(size)
        }
        return ONNXValueInfo(name: input.name, type: .tensor(.float, shape: shape))
      },
      outputs: outputs.map { ONNXValueInfo(name: $0, type: nil) })
    return try GraphBuilder(
      registry: .standard, budget: GraphSamples.budget, fusions: fusions
    ).plan(graph)
  }

  func run(_ plan: GraphPlan) throws -> [(shape: [Int], values: [Float])] {
    let values = try inputs.map { try GraphSamples.floats($0.shape, $0.values) }
    return try plan.run(values, GraphSamples.context).map { try GraphSamples.read([$0]) }
  }

  /// Both ways in the oracle's tier and in this machine's best.
  ///
  /// - Parameters:
  ///   - steps: how many are left once fused.
  ///   - tolerance: of the largest value.
  ///   - absolute: what is allowed beside that.
  func check(
    _ outputs: [String], steps: Int, tolerance: Float = 2e-5, absolute: Float = 0,
    _ quantization: FusionOptions.Quantization = .none
  ) throws {
    let plain = try run(plan(outputs, nil))
    for tier in [KernelTier.scalar, try KernelTier.selected()] {
      let options = FusionOptions(
        processor: try Processor(threads: 2, tier: tier), quantization: quantization)
      let fused = try plan(outputs, options)
      #expect(fused.stepCount == steps)
      for (found, wanted) in zip(try run(fused), plain) {
        #expect(found.shape == wanted.shape)
        let largest = wanted.values.map(abs).max() ?? 0
        for (a, b) in zip(found.values, wanted.values) {
          guard abs(a - b) <= tolerance * max(1, largest) + absolute else {
            Issue.record("\(tier.name): \(a), expected \(b) of at most \(largest)")
            break
          }
        }
      }
    }
  }
}
