import Compute
import Models
import Testing

@testable import Inference

/// Graphs that ask for more than there is, and nodes that are not as their operators are: each is
/// an error that names the node or the input. All were found by breaking models at random.
@Suite struct GraphLimitTests {
  private static let huge = 1 << 62

  @Test(arguments: ["Flatten", "MaxPool", "Split", "Neg"])
  func sizesThatNoTensorHasAreRefused(operation: String) throws {
    let node = GraphSamples.node(
      operation, ["x"], attributes: operation == "MaxPool" ? ["kernel_shape": .ints([1, 1])] : [:])
    for shape in [[Self.huge, 4, 1, 1], [4, 4, Self.huge, 4], [1 << 20, 1 << 20, 1, 1]] {
      let error = #expect(throws: GraphError.self) {
        try GraphSamples.plan([node], x: shape.map { .fixed($0) })
      }
      #expect(error?.reason.contains("the input x") ?? false)
    }
  }

  @Test(arguments: [Int64(1) << 62, -(Int64(1) << 62), .max, .min])
  func padsThatNoTensorHasAreRefused(pad: Int64) throws {
    let node = GraphSamples.node("Pad", ["x", "pads"])
    #expect(throws: GraphError.self) {
      let plan = try GraphSamples.plan(
        [node], x: [.fixed(2)], constants: [GraphSamples.ints("pads", [pad, pad])])
      _ = try plan.run([GraphSamples.floats([2], [1, 2])], GraphSamples.context)
    }
  }

  @Test func padsWithMoreThanOneNumberAreRefused() throws {
    let node = GraphSamples.node("Pad", ["x", "pads", "x"])
    let plan = try GraphSamples.plan(
      [node], x: [.fixed(2)], constants: [GraphSamples.ints("pads", [1, 1])])
    #expect(throws: GraphError.self) {
      try plan.run([GraphSamples.floats([2], [1, 2])], GraphSamples.context)
    }
  }

  @Test(arguments: [true, false], ["Conv", "MaxPool"])
  func windowsLargerThanThePictureAreRefused(isKnown: Bool, operation: String) throws {
    let node = GraphSamples.node(
      operation, operation == "Conv" ? ["x", "w"] : ["x"],
      attributes: ["kernel_shape": .ints([5, 5]), "pads": .ints([0, 1, 0, 0])])
    let weights = ONNXTensor(
      name: "w", elementType: .float, shape: [1, 1, 5, 5], bytes: Array(repeating: 0, count: 100))
    let size: ONNXDimension = isKnown ? .fixed(3) : .unknown
    let error = #expect(throws: GraphError.self) {
      let plan = try GraphSamples.plan(
        [node], x: [.fixed(1), .fixed(1), .fixed(5), size], constants: [weights])
      #expect(!isKnown, "what is known is refused at planning")
      _ = try plan.run(
        [GraphSamples.floats([1, 1, 5, 3], Array(repeating: 0, count: 15))],
        GraphSamples.context)
    }
    #expect(error?.node == "node it (\(operation))")
    #expect(error?.reason.contains("5 places of dimension 3, which has 3 and 1") == true)
  }

  @Test(arguments: ["Div", "Mod"])
  func wholeNumbersAreNotDividedByZero(operation: String) throws {
    let plan = try GraphSamples.plan(
      [
        GraphSamples.node("Cast", ["x"], ["whole"], attributes: ["to": .int(7)]),
        GraphSamples.node(operation, ["seven", "whole"]),
      ], x: [.fixed(2)], constants: [GraphSamples.ints("seven", [7])])
    let answers = try plan.run([GraphSamples.floats([2], [2, 3])], GraphSamples.context)
    #expect(try GraphInputs(answers).ints(0) == (operation == "Div" ? [3, 2] : [1, 1]))
    let error = #expect(throws: GraphError.self) {
      try plan.run([GraphSamples.floats([2], [2, 0])], GraphSamples.context)
    }
    #expect(error?.description == "node it (\(operation)): a whole number is divided by 0")
    // Floats have an answer to that.
    let floats = try GraphSamples.plan([GraphSamples.node("Div", ["x", "x"])], x: nil)
    #expect(
      try GraphSamples.read(floats.run([GraphSamples.floats([1], [0])], GraphSamples.context))
        .values[0].isNaN)
  }

  @Test(arguments: [([0, 5, 0], "the step is 0"), ([0, .nan, 1], "no numbers go from 0.0 to nan")])
  func rangesWithoutAnEndAreRefused(numbers: [Float], reason: String) throws {
    let plan = try GraphSamples.plan(
      [
        GraphSamples.node("Split", ["x"], ["a", "b", "c"], version: 11),
        GraphSamples.node("Range", ["a", "b", "c"]),
      ], x: [.fixed(3)])
    let error = #expect(throws: GraphError.self) {
      try plan.run([GraphSamples.floats([3], numbers)], GraphSamples.context)
    }
    #expect(error?.reason.hasPrefix(reason) == true)
  }

  @Test func aSizeThatThereIsNoRoomForIsRefusedBeforeAnythingIsResized() throws {
    let plan = try GraphSamples.plan(
      [GraphSamples.node("Resize", ["x", "", "", "sizes"])], x: [.fixed(0)],
      constants: [GraphSamples.ints("sizes", [1 << 20])])
    func error(_ budget: MemoryBudget) throws -> GraphError? {
      // Of nothing is made nothing, which is found where the first element is looked for.
      #expect(throws: GraphError.self) {
        try plan.run([GraphSamples.floats([0], [])], GraphContext(budget: budget))
      }
    }
    #expect(try error(MemoryBudget(limit: 1 << 22))?.bound == .memory)
    let few = MemoryBudget(limit: 1 << 30, elementLimit: 1 << 19)
    #expect(try error(few)?.reason.contains("over the limit of 524288 elements") == true)
    #expect(try error(MemoryBudget())?.reason == "nothing to resize")
  }

  /// Whether the table has floats, or bytes that are looked up as such.
  @Test(arguments: [false, true])
  func anIndexThatIsNotThereIsNamed(isQuantized: Bool) throws {
    let look = GraphSamples.node("Gather", [isQuantized ? "table" : "floats", "ids"])
    let graph = ONNXGraph(
      name: "test",
      nodes: isQuantized
        ? [GraphSamples.node("DequantizeLinear", ["bytes", "scale"], ["table"]), look] : [look],
      initializers: [
        ONNXTensor(name: "floats", elementType: .float, shape: [4], bytes: Array(0..<16)),
        ONNXTensor(name: "bytes", elementType: .uint8, shape: [4], bytes: [1, 2, 3, 4]),
        ONNXTensor(name: "scale", elementType: .float, shape: [], bytes: [0, 0, 0, 0x40]),
      ], inputs: [ONNXValueInfo(name: "ids", type: .tensor(.int64, shape: [.unknown]))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    let plan = try GraphBuilder(
      registry: .standard, budget: GraphSamples.budget,
      fusions: FusionOptions(processor: Processor(threads: 1))
    ).plan(graph)
    #expect(plan.stepCount == 1)
    let ids = try GraphSamples.context.int64s([3], [1, 2, 9])
    let error = #expect(throws: GraphError.self) {
      try plan.run([.tensor(ids)], GraphSamples.context)
    }
    #expect(
      error?.description
        == "node it (Gather), which reads ids [3]: index 9 is out of range: -4 to 3 are allowed")
  }

  @Test func noLoopGoesOnForDays() throws {
    // A loop in a loop, each as often as a number says that nobody waits for.
    let type = ONNXValueType.tensor(.int64, shape: [])
    func body(_ nodes: [ONNXNode], _ outer: [String]) -> ONNXGraph {
      ONNXGraph(
        name: "body", nodes: nodes, initializers: [],
        inputs: [
          ONNXValueInfo(name: "i", type: type),
          ONNXValueInfo(name: "goesOn", type: .tensor(.bool, shape: [])),
          ONNXValueInfo(name: "sum", type: nil),
        ],
        outputs: [
          ONNXValueInfo(name: "goesOn", type: nil), ONNXValueInfo(name: "next", type: nil)
        ],
        outerNames: outer)
    }
    let inner = body([GraphSamples.node("Add", ["sum", "sum"], ["next"])], [])
    let middle = body(
      [
        GraphSamples.node(
          "Loop", ["count", "", "sum"], ["next"], attributes: ["body": .graph(inner)]),
      ], ["count"])
    let loop = GraphSamples.node(
      "Loop", ["count", "", "x"], attributes: ["body": .graph(middle)])
    let graph = ONNXGraph(
      name: "test", nodes: [loop], initializers: [GraphSamples.ints("count", [1 << 40])],
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: []))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    let budget = MemoryBudget(limit: 1 << 20, stepLimit: 1000)
    let plan = try GraphBuilder(registry: .standard, budget: budget).plan(graph)
    let error = #expect(throws: GraphError.self) {
      try plan.run([GraphSamples.floats([], [1])], GraphContext(budget: budget))
    }
    #expect(error?.reason == "it computes more than the limit of 1000 nodes")
  }

  /// x → QuantizeLinear → DequantizeLinear → Conv → QuantizeLinear → DequantizeLinear → y
  @Test func convolutionsThatDoNotFitAreRefused() throws {
    let scale = ONNXTensor(
      name: "scale", elementType: .float, shape: [], bytes: [0, 0, 0, 0x3F])
    let zero = ONNXTensor(name: "zero", elementType: .uint8, shape: [], bytes: [0])
    let bytes = ONNXTensor(
      name: "bytes", elementType: .int8, shape: [2, 3, 1, 1], bytes: [1, 2, 3, 4, 5, 6])
    for inputs in [["d"], ["d", "weights"]] {
      let graph = ONNXGraph(
        name: "test",
        nodes: [
          GraphSamples.node("DequantizeLinear", ["bytes", "scale"], ["weights"]),
          GraphSamples.node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
          GraphSamples.node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
          GraphSamples.node("Conv", inputs, ["c"]),
          GraphSamples.node("QuantizeLinear", ["c", "scale", "zero"], ["cq"]),
          GraphSamples.node("DequantizeLinear", ["cq", "scale", "zero"], ["y"]),
        ], initializers: [scale, zero, bytes],
        inputs: [
          ONNXValueInfo(
            name: "x", type: .tensor(.float, shape: [.unknown, .unknown, .fixed(2), .fixed(2)]))
        ],
        outputs: [ONNXValueInfo(name: "y", type: nil)])
      let fusions = FusionOptions(processor: try Processor(threads: 1))
      #expect(throws: GraphError.self) {
        let plan = try GraphBuilder(
          registry: .standard, budget: GraphSamples.budget, fusions: fusions
        ).plan(graph)
        // Of eight channels, where the weights are for three.
        let x = try GraphSamples.floats([1, 8, 2, 2], Array(repeating: 1, count: 32))
        _ = try plan.run([x], GraphSamples.context)
      }
    }
  }

  @Test func fastGeluAddsItsBias() throws {
    func answer(_ inputs: [String], _ x: Float) throws -> Float {
      let bias = ONNXTensor(
        name: "bias", elementType: .float, shape: [1], bytes: [0, 0, 0, 0x40])
      let plan = try GraphSamples.plan(
        [GraphSamples.node("FastGelu", inputs, domain: "com.microsoft", version: 1)],
        x: [.fixed(1)], constants: [bias])
      return try GraphSamples.read(
        plan.run([GraphSamples.floats([1], [x])], GraphSamples.context)
      ).values[0]
    }
    #expect(try answer(["x", "bias"], 1) == answer(["x"], 3))
  }
}
