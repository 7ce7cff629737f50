import Models
import Testing

@testable import Inference

/// Plans: what is computed at load, what on each run, and what is refused.
@Suite struct GraphPlanTests {
  @Test func constantsAreComputedAtLoad() throws {
    let plan = try GraphSamples.plan(
      [
        GraphSamples.node("Shape", ["x"], ["shape"]),
        GraphSamples.node("ReduceProd", ["shape"], ["count"]),
        GraphSamples.node("Reshape", ["x", "count"]),
      ], x: [.fixed(2), .fixed(3)])
    #expect(plan.stepCount == 1)
    #expect(plan.outputFacts[0].shape == [.fixed(6)])
    let answer = try GraphSamples.read(
      plan.run([GraphSamples.floats([2, 3], [1, 2, 3, 4, 5, 6])], GraphSamples.context))
    #expect(answer.shape == [6])
    #expect(answer.values == [1, 2, 3, 4, 5, 6])
  }

  @Test func valuesAreGivenUpAfterTheirLastUse() throws {
    let plan = try GraphSamples.plan(
      (0..<40).map { index in
        GraphSamples.node(
          "Neg", [index == 0 ? "x" : "v\(index)"], [index == 39 ? "y" : "v\(index + 1)"])
      }, x: [.unknown])
    // Room for three values of 4,000 bytes, and none for forty.
    let budget = MemoryBudget(limit: 3 * (4000 + GraphTensor.overhead), elementLimit: 1000)
    let x = try GraphContext(budget: budget).floats([1000], Array(repeating: 1, count: 1000))
    let answer = try plan.run([.tensor(x)], GraphContext(budget: budget))
    #expect(try GraphSamples.read(answer).values.allSatisfy { $0 == 1 })
    #expect(budget.used <= 2 * (4000 + GraphTensor.overhead))
  }

  @Test func inputsAreChecked() throws {
    let plan = try GraphSamples.plan(
      [GraphSamples.node("Relu", ["x"])], x: [.symbolic("n"), .symbolic("n")])
    #expect(throws: GraphError.self) { try plan.run([], GraphSamples.context) }
    #expect(throws: GraphError.self) {
      try plan.run([GraphSamples.floats([6], Array(repeating: 0, count: 6))], GraphSamples.context)
    }
    #expect(throws: GraphError.self) {
      let value = try GraphSamples.floats([2, 3], Array(repeating: 0, count: 6))
      return try plan.run([value], GraphSamples.context)
    }
  }

  @Test func noGraphTakesMoreThanItsBudget() throws {
    let error = #expect(throws: GraphError.self) {
      try GraphSamples.plan(
        [GraphSamples.node("Tile", ["x", "repeats"])], x: [.fixed(2)],
        constants: [GraphSamples.ints("repeats", [1 << 40])])
    }
    #expect(error?.node == "node it (Tile)")
    #expect(error?.reason.contains("limit of 1048576 elements") ?? false)
    #expect(throws: GraphError.self) { try GraphTensor(.float, [1 << 62, 4], GraphSamples.budget) }
    #expect(throws: GraphError.self) { try GraphTensor(.float, [-1], GraphSamples.budget) }
    let small = MemoryBudget(limit: 100 + GraphTensor.overhead)
    #expect(throws: GraphError.self) { try GraphTensor(.float, [26], small) }
    #expect(small.used == 0)
    #expect(try GraphTensor(.float, [25], small).count == 25)
    #expect(small.used == 0)
  }

  @Test func whatIsNotComputedIsRefusedByName() {
    let registry = OperatorRegistry.standard
    #expect(registry.refusal(of: GraphSamples.node("Relu", ["x"])) == nil)
    #expect(registry.refusal(of: GraphSamples.node("Fly", ["x"]))?.contains("not computed") == true)
    let wrong = GraphSamples.node("Concat", ["x"], attributes: ["axis": .float(1)])
    #expect(registry.refusal(of: wrong) == "the attribute axis must be an integer, found a float")
    #expect(registry.supports(.float16) && registry.supports(.string))
    #expect(!registry.supports(.complex64))
  }

  @Test func rowsDoNotDependOnTheirNeighbours() throws {
    let values: [Float] = (0..<16 * 12).map { index in Float(index * 37 % 19) - 9 }
    let factors: [Float] = (0..<3600).map { index in Float(index % 23) / 11 }
    let weights = try GraphSamples.floats([12, 300], factors)
    func product(_ rows: Int) throws -> [Float] {
      let x = try GraphSamples.floats([rows, 12], Array(values.prefix(rows * 12)))
      return try GraphSamples.read(
        MatMul().compute(GraphInputs([x, weights]), GraphSamples.context)
      ).values
    }
    let (many, one) = (try product(16), try product(1))
    #expect(Array(many.prefix(300)) == one)
  }
}
