import Compute
import Models
import Synchronization
import Testing

@testable import Inference

/// Runs that take too long or that nobody waits for, and constants that cost more than they may.
@Suite struct GraphBoundTests {
  /// Waits until it was asked so often.
  final class Patience: Interest {
    private let asked = Atomic(0)
    private let most: Int

    init(_ most: Int) { self.most = most }

    var looks: Int { asked.load(ordering: .relaxed) }
    var isAlive: Bool { asked.add(1, ordering: .relaxed).newValue <= most }

    func giveWay() -> Duration { .zero }
  }

  /// x + x, and that again, as often as the input "count" says.
  private static let loop: ONNXGraph = {
    let number = ONNXValueType.tensor(.int64, shape: [])
    let body = ONNXGraph(
      name: "body", nodes: [GraphSamples.node("Add", ["sum", "sum"], ["next"])], initializers: [],
      inputs: [
        ONNXValueInfo(name: "i", type: number),
        ONNXValueInfo(name: "goesOn", type: .tensor(.bool, shape: [])),
        ONNXValueInfo(name: "sum", type: nil),
      ],
      outputs: [ONNXValueInfo(name: "goesOn", type: nil), ONNXValueInfo(name: "next", type: nil)])
    return ONNXGraph(
      name: "test",
      nodes: [GraphSamples.node("Loop", ["count", "", "x"], attributes: ["body": .graph(body)])],
      initializers: [],
      inputs: [
        ONNXValueInfo(name: "count", type: number),
        ONNXValueInfo(name: "x", type: .tensor(.float, shape: [])),
      ], outputs: [ONNXValueInfo(name: "y", type: nil)])
  }()

  private func plan(_ graph: ONNXGraph, _ budget: MemoryBudget = GraphSamples.budget) throws
    -> GraphPlan
  {
    try GraphBuilder(registry: .standard, budget: budget).plan(graph)
  }

  private func count(_ times: Int) throws -> GraphValue {
    .tensor(try GraphSamples.context.int64s([], [times]))
  }

  @Test func aRunEndsWhenNobodyWaits() throws {
    let plan = try plan(Self.loop)
    let patience = Patience(100)
    let error = #expect(throws: GraphError.self) {
      try plan.run(
        [count(1 << 40), GraphSamples.floats([], [1])], GraphSamples.context, for: patience)
    }
    #expect(error?.bound == .interest)
    #expect(patience.looks == 101, "it is asked at each node, and at once obeyed")
  }

  @Test func aRunEndsWhenItsTimeIsOver() throws {
    let plan = try plan(Self.loop)
    let context = GraphContext(budget: GraphSamples.budget, timeLimit: .milliseconds(20))
    let error = #expect(throws: GraphError.self) {
      try plan.run([count(1 << 40), GraphSamples.floats([], [1])], context)
    }
    #expect(error?.bound == .time)
    #expect(error?.reason.contains("the limit of 0.02 seconds") == true)
    // The next run's time is its own; on a busy machine even a short one may be over it.
    var next: [Float]?
    for _ in 0..<1000 where next == nil {
      do {
        next = try GraphSamples.read(
          plan.run([count(3), GraphSamples.floats([], [1])], context)
        ).values
      } catch let error as GraphError where error.bound == .time {}
    }
    #expect(next == [8])
  }

  /// A single node that takes long is ended as well.
  @Test(arguments: [false, true])
  func aProductEndsWhenNobodyWaits(onKernels: Bool) throws {
    let plan = try GraphSamples.plan([GraphSamples.node("MatMul", ["x", "x"])], x: nil)
    let budget = MemoryBudget(limit: 1 << 30)
    let x = try GraphTensor(.float, [2048, 2048], budget)
    let context = GraphContext(
      budget: budget, processor: onKernels ? try Processor(threads: 1) : nil)
    let patience = Patience(3)
    let error = #expect(throws: GraphError.self) {
      try plan.run([.tensor(x)], context, for: patience)
    }
    #expect(error?.bound == .interest && patience.looks == 4)
  }

  /// Kernels are asked for one portion after the other: layers with constant weights.
  @Test(arguments: [
    ("MatMul", [4096, 1024], [1024, 1024]), ("Conv", [1, 64, 256, 512], [64, 64, 3, 3]),
  ])
  func aFusedLayerEndsWhenNobodyWaits(operation: String, x: [Int], weights: [Int]) throws {
    let graph = ONNXGraph(
      name: "test", nodes: [GraphSamples.node(operation, ["x", "weights"])],
      initializers: [
        ONNXTensor(
          name: "weights", elementType: .float, shape: weights,
          bytes: Array(repeating: 0, count: 4 * weights.product))
      ],
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: x.map { .fixed($0) }))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    let budget = MemoryBudget(limit: 1 << 32)
    let processor = try Processor(threads: 1)
    let plan = try GraphBuilder(
      registry: .standard, budget: budget, fusions: FusionOptions(processor: processor)
    ).plan(graph)
    let context = GraphContext(budget: budget, processor: processor)
    let patience = Patience(3)
    let error = #expect(throws: GraphError.self) {
      try plan.run([.tensor(GraphTensor(.float, x, budget))], context, for: patience)
    }
    #expect(error?.bound == .interest && patience.looks == 4)
  }

  /// Within a node as well as between two.
  @Test func othersComputeWheneverARunIsAsked() async throws {
    let interest = Generosity()
    let watch = RunWatch(stepLimit: 10, interest: interest)
    for turn in 1...3 {
      if turn == 1 { try watch.step() } else { try watch.look() }
      #expect(interest.offers == turn)
      // The clock's next step.
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test func portionsCoverAllAndAreBounded() throws {
    let watch = RunWatch(stepLimit: 10)
    func sizes(
      _ count: Int, _ products: Int, of bounds: ClosedRange<Int> = 1...(.max)
    ) throws -> [Int] {
      var (sizes, end) = ([Int](), 0)
      try watch.portions(count, products: products, of: bounds) { range in
        #expect(range.lowerBound == end)
        end = range.upperBound
        sizes.append(range.count)
      }
      #expect(end == count)
      return sizes
    }
    #expect(try sizes(0, 1) == [])
    #expect(try sizes(1000, 0) == [1000])
    #expect(try sizes(1000, 1 << 22) == [256, 256, 256, 232])
    #expect(try sizes(2, .max) == [1, 1])
    #expect(try sizes(1000, 1 << 22, of: 400...(.max)) == [400, 400, 200])
    #expect(try sizes(1000, 1, of: 1...600) == [600, 400])
  }

  /// A graph whose constants are the result of a loop, or large.
  private func constants(loop times: Int64, fill: [Int64]) -> ONNXGraph {
    let times = ONNXTensor(
      name: "times", elementType: .int64, shape: [],
      bytes: (0..<8).map { UInt8(truncatingIfNeeded: times >> (8 * $0)) })
    let one = ONNXTensor(name: "one", elementType: .float, shape: [], bytes: [0, 0, 0x80, 0x3F])
    guard case .graph(let body)? = Self.loop.nodes[0].attributes["body"] else {
      return Self.loop
    }
    return ONNXGraph(
      name: "test",
      nodes: [
        GraphSamples.node(
          "Loop", ["times", "", "one"], ["long"], attributes: ["body": .graph(body)]),
        GraphSamples.node("ConstantOfShape", ["sizes"], ["large"]),
        GraphSamples.node("ReduceSum", ["large"], ["small"]),
        GraphSamples.node("Add", ["long", "small"], ["sum"]),
        GraphSamples.node("Mul", ["x", "sum"]),
      ], initializers: [times, one, GraphSamples.ints("sizes", fill)],
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: []))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
  }

  @Test func constantsThatCostLittleAreComputedAtLoad() throws {
    #expect(try plan(constants(loop: 3, fill: [4])).stepCount == 1)
  }

  @Test func constantsThatCostMuchAreLeftToTheRuns() throws {
    // More nodes than all constants may have; more bytes than there are.
    let budget = MemoryBudget(limit: 1 << 20)
    let large = try plan(constants(loop: 3, fill: [1 << 20]), budget)
    #expect(large.stepCount == 4, "all but the loop")
    #expect(budget.used < 1 << 20)
    let long = try plan(constants(loop: 1 << 40, fill: [4]), MemoryBudget())
    #expect(long.stepCount == 3, "the loop and what is made of it")
    // There the run's own limits hold.
    let context = GraphContext(budget: MemoryBudget(limit: 1 << 20))
    let error = #expect(throws: GraphError.self) {
      try large.run([GraphSamples.floats([], [1])], context)
    }
    #expect(error?.bound == .memory)
    let roomy = GraphContext(budget: MemoryBudget(limit: 1 << 24))
    #expect(
      try GraphSamples.read(large.run([GraphSamples.floats([], [2])], roomy)).values == [16])
  }

  private final class Generosity: Interest {
    private let offered = Atomic(0)
    var offers: Int { offered.load(ordering: .relaxed) }
    var isAlive: Bool { true }

    func giveWay() -> Duration {
      offered.add(1, ordering: .relaxed)
      return .seconds(3600)
    }
  }

  /// What other models take meanwhile is no time of the run.
  @Test func timeThatIsGivenAwayDoesNotCount() async throws {
    let watches = [Generosity(), nil].map {
      RunWatch(stepLimit: 10, timeLimit: .milliseconds(200), interest: $0)
    }
    try watches[0].step()
    try await Task.sleep(for: .milliseconds(300))
    try watches[0].step()
    #expect(throws: GraphError.self) { try watches[1].step() }
  }

  /// Those of bytes too, which fusions make floats of.
  @Test(arguments: [0, 1 << 10])
  func bytesBecomeFloatsAtLoadWithinTheSameBounds(steps: Int) throws {
    let bytes = ONNXTensor(name: "bytes", elementType: .uint8, shape: [4], bytes: [1, 2, 3, 4])
    let scale = ONNXTensor(name: "scale", elementType: .float, shape: [], bytes: [0, 0, 0, 0x40])
    let graph = ONNXGraph(
      name: "test",
      nodes: [
        GraphSamples.node("DequantizeLinear", ["bytes", "scale"], ["floats"]),
        GraphSamples.node("Add", ["x", "floats"]),
      ], initializers: [bytes, scale],
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: [.fixed(4)]))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    let plan = try GraphBuilder(
      registry: .standard, budget: GraphSamples.budget,
      folding: MemoryBudget(limit: 1 << 20, stepLimit: steps),
      fusions: FusionOptions(processor: Processor(threads: 1))
    ).plan(graph)
    #expect(plan.stepCount == (steps > 0 ? 1 : 2))
    let x = try GraphSamples.floats([4], [0, 0, 0, 1])
    #expect(
      try GraphSamples.read(plan.run([x], GraphSamples.context)).values == [2, 4, 6, 9])
  }

  @Test func planningEndsWhenNobodyWaits() throws {
    let builder = GraphBuilder(
      registry: .standard, budget: GraphSamples.budget, interest: Patience(20))
    let error = #expect(throws: GraphError.self) {
      try builder.plan(constants(loop: 1 << 40, fill: [4]))
    }
    #expect(error?.bound == .interest)
  }

  /// As many as a file may have that only wants to keep a server busy.
  @Test func aValueOfManyReadersIsFusedInLinearTime() throws {
    let count = 50_000
    let nodes = (0..<count).map { GraphSamples.node("Gelu", ["x"], ["y\($0)"], version: 20) }
    let graph = ONNXGraph(
      name: "test", nodes: nodes, initializers: [],
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: [.fixed(1)]))],
      outputs: (0..<count).map { ONNXValueInfo(name: "y\($0)", type: nil) })
    let plan = try GraphBuilder(
      registry: .standard, budget: GraphSamples.budget,
      fusions: FusionOptions(processor: Processor(threads: 1))
    ).plan(graph)
    #expect(plan.stepCount == count)
    #expect(plan.steps.allSatisfy { $0.operation is RowActivation })
  }
}
