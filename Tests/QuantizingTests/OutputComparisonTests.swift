import Models
import Testing

@testable import Quantizing

struct OutputComparisonTests {
  /// A model of one operator.
  private func model(
    _ operation: String, _ attributes: [String: ONNXAttribute] = [:]
  ) -> ONNXModel {
    var graph = GraphBuilding()
    graph.node(operation, ["x"], "y", attributes)
    return graph.model("y")
  }

  private func comparison(_ one: ONNXModel, _ other: ONNXModel) throws -> OutputComparison {
    var made = try OutputComparison(one, other, GraphBuilding.context)
    for seed in UInt64(0)..<3 { try made.add(GraphBuilding.input(seed: seed)) }
    return made
  }

  @Test func floatsAreComparedByTheirAngle() throws {
    let same = try comparison(model("Relu"), model("Relu"))
    #expect(same.cosine ?? 0 > 0.999_999 && same.agreement == nil)
    #expect(try comparison(model("Relu"), model("Neg")).cosine ?? 0 < 0)
  }

  @Test func choicesAreComparedOneByOne() throws {
    let greatest = model("ArgMax", ["axis": .int(1)])
    #expect(try comparison(greatest, greatest).agreement == 1)
    #expect(try comparison(greatest, greatest).cosine == nil)
    let least = try comparison(greatest, model("ArgMin", ["axis": .int(1)]))
    #expect(least.agreement == 0 && least.cosine == nil)
  }

  @Test func infinitiesCountOnlyWhereTheyDiffer() throws {
    // The logarithm of what is negative is no number: nothing is like it.
    #expect(try comparison(model("Log"), model("Log")).cosine == 0)
    let hidden = model("HardSigmoid", ["alpha": .float(.infinity)])
    #expect(try comparison(hidden, model("Relu")).cosine ?? 1 < 1)
  }
}
