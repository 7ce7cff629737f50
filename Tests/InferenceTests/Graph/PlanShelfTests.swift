import Compute
import Testing

@testable import Inference

/// Where windows read, for images of some sizes.
@Suite struct PlanShelfTests {
  private func shape(_ height: Int) -> ConvolutionShape {
    ConvolutionShape(height: height, width: 16, channels: 3, kernel: (1, 1))
  }

  @Test func layersOfOneShapeShareIt() throws {
    let budget = MemoryBudget(limit: 1 << 20)
    let context = GraphContext(budget: budget)
    let first = try context.plan(shape(16))
    #expect(budget.used == 16 * 16 * 4)
    // Also in another run, and not as another kind.
    #expect(try context.run(for: nil).plan(shape(16)) === first)
    #expect(budget.used == 16 * 16 * 4)
    _ = try context.windows(shape(16))
    #expect(budget.used == 2 * 16 * 16 * 4 && context.plans.count == 2)
  }

  @Test func whatWasNotUsedForLongestGoes() throws {
    // An eighth is room for two of a kibibyte.
    let budget = MemoryBudget(limit: 1 << 14)
    let context = GraphContext(budget: budget)
    let kept = ObjectIdentifier(try context.plan(shape(16)))
    _ = try context.plan(shape(15))
    #expect(ObjectIdentifier(try context.plan(shape(16))) == kept)
    _ = try context.plan(shape(14))
    #expect(context.plans.count == 2 && budget.used == (16 + 14) * 16 * 4)
    #expect(ObjectIdentifier(try context.plan(shape(16))) == kept)
    // One that is too large to be kept is charged while it is used.
    do {
      let large = try context.plan(shape(64))
      #expect(budget.used == (16 + 14 + 64) * 16 * 4)
      _ = large
    }
    #expect(budget.used == (16 + 14) * 16 * 4)
    let error = #expect(throws: GraphError.self) { try context.plan(shape(1024)) }
    #expect(error?.bound == .memory)
    #expect(budget.used == (16 + 14) * 16 * 4)
  }
}
