import Testing

@testable import Serving

@Suite struct DescriptorBudgetTests {
  @Test func everyLoopAndListenerCounts() {
    let least = DescriptorBudget(loops: 1, fronts: 1).least
    #expect(DescriptorBudget(loops: 2, fronts: 1).least == least + 5)
    #expect(DescriptorBudget(loops: 2, fronts: 2).least == least + 11)
  }

  @Test func refusesBelowTheLeast() throws {
    let budget = DescriptorBudget(loops: 4, fronts: 2)
    try budget.check(limit: budget.least)
    let error = #expect(throws: DescriptorShortage.self) {
      try budget.check(limit: budget.least - 1)
    }
    let text = "\(try #require(error))"
    #expect(text.contains("may have \(budget.least - 1) file descriptors"))
    #expect(text.contains("at least \(budget.least)") && text.contains("ulimit -n"))
  }
}
