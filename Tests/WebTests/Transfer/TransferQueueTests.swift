import Testing

@testable import Web

@Suite struct TransferQueueTests {
  @Test func bothBoundsHold() {
    var queue = TransferQueue<String>(activeLimit: 2, waitingLimit: 1)
    guard case .start("a") = queue.submit(1, "a"), case .start("b") = queue.submit(2, "b"),
      case .waits = queue.submit(3, "c"), case .refused = queue.submit(4, "d")
    else {
      Issue.record("two start, one waits, the fourth is refused")
      return
    }
    #expect(queue.active == [1, 2] && queue.waitingCount == 1)
    #expect(queue.finish(1) == "c")
    #expect(queue.active == [2, 3] && queue.waitingCount == 0)
    #expect(queue.finish(2) == nil && queue.finish(2) == nil && queue.finish(99) == nil)
    #expect(queue.active == [3])
  }

  @Test func whatWaitsCanBeWithdrawnAtOnceAndWhatRunsEndsFirst() {
    var queue = TransferQueue<String>(activeLimit: 1, waitingLimit: 2)
    _ = queue.submit(1, "a")
    _ = queue.submit(2, "b")
    _ = queue.submit(3, "c")
    guard case .dropped("b") = queue.withdraw(2), case .stop = queue.withdraw(1),
      case .unknown = queue.withdraw(2)
    else {
      Issue.record("a runs, b waited and is gone")
      return
    }
    #expect(queue.active == [1])
    #expect(queue.finish(1) == "c")
    #expect(queue.dropWaiting() == [])
  }
}
