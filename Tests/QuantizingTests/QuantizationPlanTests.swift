import Models
import Testing

@testable import Quantizing

struct QuantizationPlanTests {
  @Test func integersBeginBehindReluAndPassThroughPools() {
    let plan = QuantizationPlan(BatchNormFolding.folded(GraphBuilding.network().graph))
    #expect(plan.values == ["x", "r1", "p1", "c2", "r2", "mean1", "flat"])
    #expect(plan.origin(of: "p1") == "r1" && plan.origin(of: "flat") == "mean1")
    #expect(plan.layers.map(\.axis) == [0, 0, 0])
  }

  @Test func aReluBesideOthersIsAValueOfItsOwn() {
    var graph = GraphBuilding()
    graph.conv("x", "c", 2, 2)
    graph.node("Relu", ["c"], "r")
    graph.node("Add", ["c", "r"], "y")
    #expect(QuantizationPlan(graph.model("y").graph).values == ["x", "c", "r", "y"])
  }

  @Test func productsAtTheEndStayFloats() {
    var graph = GraphBuilding()
    graph.node("Flatten", ["x"], "flat")
    let weight = graph.random("w", [72, 3], in: -1...1)
    graph.node("MatMul", ["flat", weight], "logits")
    graph.node("Softmax", ["logits"], "y")
    let plan = QuantizationPlan(graph.model("y").graph)
    #expect(plan.values == ["flat"])
    #expect(plan.layers.map(\.axis) == [1])
  }

  @Test func productsThatScaleAreLeftAlone() {
    var graph = GraphBuilding()
    graph.node("Flatten", ["x"], "flat")
    let weight = graph.random("w", [72, 3], in: -1...1)
    graph.node("Gemm", ["flat", weight], "y", ["alpha": .float(0.5)])
    #expect(QuantizationPlan(graph.model("y").graph).layers.isEmpty)
  }

  @Test func whatIsFoldedGetsNamesThatNobodyHas() throws {
    var graph = GraphBuilding()
    // The model's own weights have the names that a fold would take.
    let weight = graph.random("n_folded_weight", [2, 2, 3, 3], in: -0.5...0.5)
    let bias = graph.random("n_folded_bias", [2], in: -0.5...0.5)
    graph.node("Conv", ["x", weight, bias], "c")
    for name in ["s", "t", "m", "v"] { _ = graph.random(name, [2], in: 0.5...1) }
    graph.node("BatchNormalization", ["c", "s", "t", "m", "v"], "n")
    graph.node("Conv", ["n", weight, bias], "y")
    let folded = BatchNormFolding.folded(graph.model("y").graph)
    #expect(folded.nodes[0].inputs == ["x", "n_folded_weight_2", "n_folded_bias_2"])
    #expect(folded.nodes[1].inputs == ["n", weight, bias])
    #expect(Set(folded.initializers.map(\.name)).count == folded.initializers.count)
  }

  @Test func namesWithinGraphsOfNodesAreTaken() {
    let inner = ONNXGraph(
      name: "inner", nodes: [], initializers: [.floats("w", [1], [1])], inputs: [], outputs: [])
    let node = ONNXNode(
      name: "if", operation: "If", version: 17, inputs: ["c"], outputs: ["y"],
      attributes: ["then_branch": .graph(inner)])
    var names = FreeNames(
      ONNXGraph(name: "outer", nodes: [node], initializers: [], inputs: [], outputs: []))
    #expect(["w", "w", "c", "v"].map { names.next($0) } == ["w_2", "w_3", "c_2", "v"])
  }

  @Test func aNormIsFoldedOnlyWhereNobodyElseTakesWhatItTakes() {
    var graph = GraphBuilding()
    graph.conv("x", "c", 2, 2)
    for name in ["s", "t", "m", "v"] { _ = graph.random(name, [2], in: 0.5...1) }
    graph.node("BatchNormalization", ["c", "s", "t", "m", "v"], "n")
    graph.node("Add", ["c", "n"], "y")
    let folded = BatchNormFolding.folded(graph.model("y").graph)
    #expect(folded.nodes.map(\.operation) == ["Conv", "BatchNormalization", "Add"])
  }
}
