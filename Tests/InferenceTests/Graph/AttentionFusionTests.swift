import Compute
import Models
import Testing

@testable import Inference

/// Attention as exporters write it, fused and not.
@Suite struct AttentionFusionTests {
  enum Masking: CaseIterable { case none, added, addedToHeads, chosen, chosenStretched }

  private let batch = 2
  private let length = 9
  private let heads = 3
  private let size = 8
  private var width: Int { heads * size }

  /// Up to its output [batch, length, width].
  private func attention(
    _ graph: inout FusionSample, _ masking: Masking, twoTurns: Bool = false, axis: Int64 = -1,
    isShared: Bool = true
  ) -> String {
    let x = graph.input("x", [batch, length, width])
    let others = isShared ? [x, x] : [x, graph.input("memory", [batch, length, width])]
    func part(_ source: String) -> String {
      let linear = graph.add("MatMul", source, graph.random([width, width], 0.3))
      return graph.add(
        "Reshape", graph.add("Add", linear, graph.random([width])),
        graph.ints([0, 0, Int64(heads), Int64(size)]))
    }
    func turn(_ value: String, _ order: [Int64]) -> String {
      graph.add("Transpose", value, with: ["perm": .ints(order)])
    }
    let query = turn(part(others[0]), [0, 2, 1, 3])
    let key =
      twoTurns
      ? turn(turn(part(others[1]), [0, 2, 1, 3]), [0, 1, 3, 2])
      : turn(part(others[1]), [0, 2, 3, 1])
    let value = turn(part(others[1]), [0, 2, 1, 3])
    var scores = graph.add("MatMul", query, key)
    scores =
      twoTurns
      ? graph.add("Div", scores, graph.constant([], [2.828_427]))
      : graph.add("Mul", scores, graph.constant([], [0.353_553_4]))
    scores = masked(&graph, scores, masking)
    let shares = graph.add("Softmax", scores, with: ["axis": .int(axis)])
    let rows = turn(graph.add("MatMul", shares, value), [0, 2, 1, 3])
    return graph.add("Reshape", rows, graph.ints([0, 0, Int64(width)]))
  }

  private func masked(
    _ graph: inout FusionSample, _ scores: String, _ masking: Masking
  ) -> String {
    func bias(_ shape: [Int]) -> String {
      let hidden = (0..<shape.reduce(1, *)).map { $0 % length > 5 || $0 % 7 == 3 }
      return graph.constant(shape, hidden.map { $0 ? -10_000 : 0 })
    }
    switch masking {
    case .none: return scores
    case .added: return graph.add("Add", scores, bias([batch, 1, 1, length]))
    case .addedToHeads: return graph.add("Add", bias([heads, length, length]), scores)
    case .chosen, .chosenStretched:
      let hidden = (0..<batch * length).map { UInt8($0 % length > 5 ? 1 : 0) }
      var condition = graph.constant([batch, 1, 1, length], .bool, hidden)
      if masking == .chosenStretched {
        condition = graph.add("Expand", condition, graph.add("Shape", scores))
      }
      return graph.add("Where", condition, graph.constant([], [-3.402_823e38]), scores)
    }
  }

  @Test(arguments: Masking.allCases, [false, true])
  func isOneStepWithOneProduct(_ masking: Masking, _ twoTurns: Bool) throws {
    var graph = FusionSample(seed: 21)
    let y = attention(&graph, masking, twoTurns: twoTurns)
    // The joined product, attention, and the shape of its rows.
    try graph.check([y], steps: 3)
  }

  /// As torch exports it: sizes are read from what is reshaped, and the scale comes of them.
  @Test func shapesAreFollowedToTheirSource() throws {
    var graph = FusionSample(seed: 26)
    let x = graph.input("x", [batch, length, width])
    func sizeOf(_ value: String, _ axis: Int) -> String {
      let place = graph.constant([], .int64, [UInt8(axis)] + Array(repeating: 0, count: 7))
      let number = graph.add("Gather", graph.add("Shape", value), place)
      return graph.add("Unsqueeze", number, graph.ints([0]))
    }
    func part() -> String {
      let linear = graph.add(
        "Add", graph.add("MatMul", x, graph.random([width, width], 0.3)), graph.random([width]))
      let shape = graph.add(
        "Concat", sizeOf(linear, 0), sizeOf(linear, 1), graph.ints([Int64(heads)]),
        graph.ints([Int64(size)]), with: ["axis": .int(0)])
      return graph.add("Reshape", linear, shape)
    }
    func turned(_ order: [Int64]) -> String {
      graph.add("Transpose", part(), with: ["perm": .ints(order)])
    }
    let query = turned([0, 2, 1, 3])
    let last = graph.add(
      "Slice", graph.add("Shape", query), graph.ints([-1]), graph.ints([Int64.max]))
    let whole = graph.add("Sqrt", graph.add("Cast", last, with: ["to": .int(1)]))
    let root = graph.add("Sqrt", graph.add("Div", graph.constant([1], [1]), whole))
    let key = graph.add("Mul", turned([0, 2, 3, 1]), root)
    let value = turned([0, 2, 1, 3])
    let scores = graph.add("MatMul", graph.add("Mul", query, root), key)
    let shares = graph.add("Softmax", scores, with: ["axis": .int(-1)])
    let rows = graph.add(
      "Transpose", graph.add("MatMul", shares, value), with: ["perm": .ints([0, 2, 1, 3])])
    let y = graph.add("Reshape", rows, graph.ints([0, 0, Int64(width)]))
    let options = FusionOptions(processor: try .init(threads: 1))
    let plan = try graph.plan([y], options)
    #expect(plan.steps.filter { $0.operation is Linear }.count == 1)
    #expect(plan.steps.filter { $0.operation is FusedAttention }.count == 1)
    try graph.check([y], steps: plan.stepCount)
  }

  @Test func partsOfOtherRowsStayApart() throws {
    var graph = FusionSample(seed: 22)
    let y = attention(&graph, .added, isShared: false)
    // Three products and their shapes, attention, and the shape of its rows.
    try graph.check([y], steps: 8)
  }

  @Test func otherAxesAndSharedScoresAreNotFused() throws {
    var graph = FusionSample(seed: 23)
    let y = attention(&graph, .none, axis: 2)
    let plan = try graph.plan([y], FusionOptions(processor: try .init(threads: 1)))
    #expect(!plan.steps.contains { $0.operation is FusedAttention })
    try graph.check([y], steps: 15)
    var shared = FusionSample(seed: 24)
    let z = attention(&shared, .none)
    let scores = try #require(shared.nodes.last { $0.operation == "Softmax" }).outputs[0]
    try shared.check([z, scores], steps: 15)
  }

  @Test func sequencesDoNotSeeTheirNeighbours() throws {
    var graph = FusionSample(seed: 25)
    let y = attention(&graph, .none)
    let plan = try graph.plan([y], FusionOptions(processor: try .init(threads: 2)))
    let both = try graph.run(plan)[0].values
    var one = graph
    one.inputs[0].shape[0] = 1
    one.inputs[0].values = Array(one.inputs[0].values.prefix(length * width))
    #expect(try one.run(plan)[0].values == Array(both.prefix(length * width)))
  }
}
