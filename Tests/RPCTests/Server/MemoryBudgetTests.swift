import EventLoop
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
    let step = 64 << 10
    let total = MemoryTotal(limit: 4 * step)
    let budgets = (0..<3).map { _ in MemoryBudget(limit: 3 * step, total: total) }
    for budget in budgets { budget.take(3 * step / 2) }
    #expect(budgets.allSatisfy { !$0.isExceeded }, "each counts whole steps only: three of them")
    for budget in budgets { budget.take(step) }
    #expect(budgets.allSatisfy { $0.isExceeded })
    #expect(budgets[0].excess?.message.contains("all connections") == true)
    #expect(budgets[0].excess?.metadata["grpc-retry-pushback-ms"] == "100")
    for budget in budgets { for _ in 0..<5 { budget.giveBack(step / 2) } }
    #expect(total.bytes == 0 && budgets.allSatisfy { $0.bytes == 0 })
  }

  @Test func roomIsMadeByOneAtATimeAndInVainOnlyNowAndThen() {
    let total = MemoryTotal(limit: 800)
    total.add(699)
    #expect(!total.isNearlyFull)
    total.add(1)
    #expect(total.isNearlyFull)
    let now = LoopInstant(nanoseconds: 5)
    #expect(total.beginRelief(now: now))
    #expect(!total.beginRelief(now: now), "another is at it")
    total.endRelief(freed: 1, now: now)
    #expect(total.beginRelief(now: now), "there may be more")
    total.endRelief(freed: 0, now: now)
    #expect(!total.beginRelief(now: now.advanced(by: .milliseconds(99))))
    #expect(total.beginRelief(now: now.advanced(by: .milliseconds(100))))
  }
}
