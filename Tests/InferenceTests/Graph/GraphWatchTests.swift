import Compute
import Models
import Testing

@testable import Inference

/// Operators over many elements: they ask on their way whether somebody waits, and what they
/// compute in pieces is the same.
@Suite struct GraphWatchTests {
  /// A node over a value that is just too large for one piece, or that makes one.
  struct Sample: Sendable, CustomTestStringConvertible {
    let operation: String
    let inputs: [String]
    let type: ONNXElementType
    let shape: [Int]
    let domain: String
    let attributes: [String: ONNXAttribute]
    let onKernels: Bool

    init(
      _ operation: String, _ inputs: [String] = ["x"], _ type: ONNXElementType = .float,
      _ shape: [Int] = [count], domain: String = "", with attributes: [String: ONNXAttribute] = [:],
      onKernels: Bool = false
    ) {
      self.operation = operation
      self.inputs = inputs
      self.type = type
      self.shape = shape
      self.domain = domain
      self.attributes = attributes
      self.onKernels = onKernels
    }

    var testDescription: String {
      "\(operation) \(inputs) \(attributes.keys)" + (onKernels ? " on kernels" : "")
    }
  }

  private static let count = 1 << 20 + 8
  private static let half = count / 2
  private static let ml = "ai.onnx.ml"

  private static let elements: [Sample] = [
    Sample("Exp"), Sample("Neg"), Sample("Clip"), Sample("IsNaN"), Sample("Dropout"),
    Sample("BitwiseNot", ["x"], .int64), Sample("Cast", ["x"], with: ["to": .int(7)]),
    Sample("Cast", ["x"], with: ["to": .int(8)]), Sample("Cast", ["x"], with: ["to": .int(10)]),
    Sample("Add", ["x", "x"]), Sample("Equal", ["x", "one"]), Sample("Where", ["yes", "x", "x"]),
    Sample("QuantizeLinear", ["x", "scale", "byte"]),
    Sample("QuantizeLinear", ["x", "scale", "byte"], onKernels: true),
    Sample("DequantizeLinear", ["x", "scale", "byte"], .uint8),
    Sample("DequantizeLinear", ["x", "scale", "byte"], .uint8, onKernels: true),
    Sample("DynamicQuantizeLinear"), Sample("Scaler", domain: ml), Sample("Binarizer", domain: ml),
    Sample("Imputer", domain: ml, with: ["imputed_value_floats": .floats([1])]),
    Sample("OneHotEncoder", domain: ml, with: ["cats_int64s": .ints([0])]),
    Sample(
      "LabelEncoder", domain: ml,
      with: ["keys_floats": .floats([0]), "values_floats": .floats([1])]),
  ]

  private static let moves: [Sample] = [
    Sample("Transpose", ["x"], .float, [2, half]),
    Sample("Concat", ["x", "x"], with: ["axis": .int(0)]),
    Sample("Expand", ["one", "x"], .int64, [1]), Sample("Expand", ["text", "x"], .int64, [1]),
    Sample("Tile", ["one", "x"], .int64, [1]), Sample("ConstantOfShape", ["x"], .int64, [1]),
    Sample("Range", ["i0", "x", "i1"], .int64, []),
    Sample("Gather", ["x", "i11"], .float, [2, half]),
    Sample("Gather", ["two", "x"], .int64), Sample("GatherElements", ["two", "x"], .int64),
    Sample("GatherND", ["two", "x"], .int64, [count, 1]),
    Sample("ScatterElements", ["x", "row", "one"]), Sample("ScatterND", ["x", "column", "one"]),
    Sample("OneHot", ["x", "i1", "two"], .int64), Sample("Pad", ["x", "i11"]),
    Sample("Trilu", ["x"], .float, [2, half]), Sample("EyeLike", ["x"], .float, [2, half]),
    Sample("NonZero", ["x"], .bool),
    Sample(
      "ReverseSequence", ["x", "i11"], .float, [2, 1, half],
      with: ["batch_axis": .int(0), "time_axis": .int(1)]),
  ]

  private static let axes: [Sample] = [
    Sample("CumSum", ["x", "i0"]), Sample("ReduceSum"), Sample("ReduceMax"),
    Sample("ReduceLogSumExp"),
    Sample("ReduceMean", ["x"], .float, [2, half], with: ["axes": .ints([0])]),
    Sample("ArgMax"), Sample("TopK", ["x", "i1"]), Sample("Softmax"),
    Sample("Softmax", ["x"], .float, [count / 8, 8], onKernels: true),
    Sample("LpNormalization"), Sample("Normalizer", domain: ml),
    Sample("MeanVarianceNormalization", ["x"], with: ["axes": .ints([0])]),
    Sample("LayerNormalization", ["x", "one"]),
    Sample("InstanceNormalization", ["x", "one", "one"], .float, [1, 1, count]),
    Sample("BatchNormalization", ["x", "one", "one", "one", "one"], .float, [1, 1, count]),
    Sample("Conv", ["x", "weight"], .float, [1, 1, count]),
    Sample("MaxPool", ["x"], .float, [1, 1, count], with: ["kernel_shape": .ints([1])]),
    Sample(
      "Resize", ["x", "", "", "sizes"], .float, [2], with: ["mode": .string(Array("cubic".utf8))]),
  ]

  private static let constants: [ONNXTensor] = [
    floats("one", [1], [1]), floats("two", [2], [0, 1]), floats("scale", [], [1]),
    floats("weight", [1, 1, 1], [1]), GraphSamples.ints("i11", [1, 1]),
    GraphSamples.ints("sizes", [Int64(count)]), GraphSamples.ints("row", [0]), scalar("i0", 0),
    scalar("i1", 1),
    ONNXTensor(
      name: "column", elementType: .int64, shape: [1, 1], bytes: Array(repeating: 0, count: 8)),
    ONNXTensor(name: "byte", elementType: .uint8, shape: [], bytes: [0]),
    ONNXTensor(name: "yes", elementType: .bool, shape: [1], bytes: [1]),
    ONNXTensor(name: "text", shape: [1], strings: [[97]]),
  ]

  private static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> ONNXTensor {
    ONNXTensor(
      name: name, elementType: .float, shape: shape,
      bytes: values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      })
  }

  private static func scalar(_ name: String, _ value: UInt8) -> ONNXTensor {
    ONNXTensor(
      name: name, elementType: .int64, shape: [], bytes: [value] + Array(repeating: 0, count: 7))
  }

  private func run(
    _ sample: Sample, _ x: GraphTensor, for interest: GraphBoundTests.Patience? = nil
  ) throws -> [GraphValue] {
    let node = GraphSamples.node(
      sample.operation, sample.inputs, domain: sample.domain,
      version: sample.operation == "BitwiseNot" ? 18 : nil, attributes: sample.attributes)
    let type = ONNXValueType.tensor(sample.type, shape: sample.shape.map { .fixed($0) })
    let graph = ONNXGraph(
      name: "test", nodes: [node], initializers: Self.constants,
      inputs: [ONNXValueInfo(name: "x", type: type)],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    let budget = MemoryBudget(limit: 1 << 28)
    let context = GraphContext(
      budget: budget, processor: sample.onKernels ? try Processor(threads: 1) : nil)
    return try GraphBuilder(registry: .standard, budget: budget).plan(graph)
      .run([.tensor(x)], context, for: interest)
  }

  @Test(arguments: elements + moves + axes)
  func anOperatorEndsWhenNobodyWaits(sample: Sample) throws {
    let context = GraphContext(budget: MemoryBudget(limit: 1 << 28))
    // Sizes are what is to become large; all else are zeros.
    let isSize = sample.shape.reduce(1, *) == 1
    let x =
      isSize
      ? try context.int64s(sample.shape, [Self.count])
      : try GraphTensor(sample.type, sample.shape, context.budget)
    // Asked for the graph and for the node, and then by the node.
    let patience = GraphBoundTests.Patience(2)
    let error = #expect(throws: GraphError.self) { try run(sample, x, for: patience) }
    #expect(error?.bound == .interest)
  }

  /// 0, 1, 2 and so on.
  private func numbers(_ shape: [Int]) throws -> GraphTensor {
    try GraphTensor.filled(.float, shape, of: Float.self, MemoryBudget()) { span in
      for index in span.indices { span[index] = Float(index) }
    }
  }

  private func floats(_ sample: Sample) throws -> [Float] {
    try GraphSamples.read(run(sample, numbers(sample.shape))).values
  }

  @Test func piecesAreJoined() throws {
    let all = (0..<Self.count).map { Float($0) }
    #expect(try floats(Sample("Neg")) == all.map { -$0 })
    #expect(try floats(Sample("Add", ["x", "one"])) == all.map { $0 + 1 })
    #expect(try floats(Sample("Add", ["x", "x"])) == all.map { 2 * $0 })
    #expect(try floats(Sample("Where", ["yes", "x", "one"])) == all)
    #expect(
      try floats(Sample("Transpose", ["x"], .float, [2, Self.half]))
        == (0..<Self.half).flatMap { [Float($0), Float($0 + Self.half)] })
    #expect(try floats(Sample("Transpose", ["x"], .float, [1, Self.count])) == all)
    #expect(try floats(Sample("Concat", ["x", "one"], with: ["axis": .int(0)])) == all + [1])
    #expect(
      try floats(Sample("Gather", ["x", "i11"], .float, [2, Self.count]))
        == (0..<2).flatMap { _ in all.map { $0 + Float(Self.count) } })
    #expect(try floats(Sample("ScatterElements", ["x", "row", "one"])) == [1] + all.dropFirst())
    #expect(try floats(Sample("ReduceMax")) == [Float(Self.count - 1)])
    #expect(try floats(Sample("Pad", ["x", "i11"])) == [0] + all + [0])
    let quantize = Sample("QuantizeLinear", ["x", "scale", "byte"], onKernels: true)
    let bytes = try GraphInputs(run(quantize, numbers([Self.count]))).tensor(0, .uint8)
    #expect(bytes.values(UInt8.self).array == all.map { UInt8(min($0, 255)) })
  }
}
