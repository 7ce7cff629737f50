import Messages
import Testing

@testable import RPC

@Suite struct MemoryBudgetTests {
  @Test func limitsOneConnection() {
    let budget = MemoryBudget(limit: 100)
    budget.take(100)
    #expect(!budget.isExceeded && budget.excess == nil)
    budget.take(1)
    #expect(budget.isExceeded)
    #expect(budget.excess?.code == .resourceExhausted)
    #expect(budget.excess?.message.contains("100 bytes") == true)
    budget.giveBack(1)
    #expect(!budget.isExceeded)
  }

  @Test func aSenderThatDoesNotWaitEndsAtTwiceTheLimit() {
    let budget = MemoryBudget(limit: 100)
    budget.take(200)
    #expect(budget.doubleExcess == nil)
    budget.take(1)
    #expect(budget.doubleExcess?.code == .resourceExhausted)
    #expect(budget.doubleExcess?.message.contains("100 bytes (max-connection-memory)") == true)
    #expect(budget.doubleExcess?.cause as? Limit == .memoryPerConnection)
  }

  @Test func limitsAllConnectionsTogether() {
    let mebi = 1 << 20
    let total = MemoryTotal(limit: 4 * mebi)
    let budgets = (0..<3).map { _ in MemoryBudget(limit: 3 * mebi, total: total) }
    for budget in budgets { budget.take(3 * mebi / 2) }
    #expect(budgets.allSatisfy { !$0.isExceeded }, "each counts whole MiB only: three of them")
    for budget in budgets { budget.take(mebi) }
    #expect(budgets.allSatisfy { $0.isExceeded })
    #expect(budgets[0].excess?.message.contains("all connections") == true)
    for budget in budgets { for _ in 0..<5 { budget.giveBack(mebi / 2) } }
    #expect(total.bytes == 0 && budgets.allSatisfy { $0.bytes == 0 })
  }
}
