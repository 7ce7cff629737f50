import Bytes
import Testing

@Suite struct ChannelStateMachineTests {
  typealias Machine = ChannelStateMachine<Int, String, String>

  @Test func watermarksPauseAndRelieve() {
    var machine = Machine(low: 1, high: 3, limit: 4)
    #expect(machine.sent(1) == .accepted)
    #expect(machine.sent(2) == .accepted)
    #expect(machine.sent(3) == .paused)
    #expect(machine.sent(4) == .paused)
    #expect(machine.sent(5) == .full)
    #expect(machine.producerWaits(id: 1, token: "p") == .wait)
    // 4 → 3 → 2 left: still above `low`.
    for expected in [1, 2] {
      guard case .element(expected, let relief) = machine.next() else {
        Issue.record("element \(expected) is missing")
        return
      }
      #expect(!relief.isWritableAgain && relief.producers.isEmpty)
    }
    guard case .element(3, let relief) = machine.next() else {
      Issue.record("element 3 is missing")
      return
    }
    #expect(relief.isWritableAgain && relief.producers == ["p"])
    #expect(machine.writable() == .writable)
  }

  @Test func anErrorComesAfterWhatIsQueuedAndOnce() {
    struct Broken: Error {}
    var machine = Machine(low: 0, high: 1, limit: 2)
    _ = machine.send(1)
    _ = machine.finish(Broken())
    #expect(machine.sent(2) == .closed)
    guard case .element(1, let relief) = machine.next() else {
      Issue.record("the queued element is lost")
      return
    }
    #expect(!relief.isWritableAgain)
    guard case .end(let error) = machine.next(), error is Broken else {
      Issue.record("the error is lost")
      return
    }
    guard case .end(nil) = machine.next() else {
      Issue.record("the error came twice")
      return
    }
  }

  /// Every sequence of up to six operations, against a model: elements leave in order and none is
  /// lost or doubled, every continuation is resumed exactly once or still waits, bounds hold.
  @Test func everySequenceOfSixOperations() {
    var explorer = Explorer()
    explorer.explore(Explorer.Node(), depth: 6)
    #expect(explorer.failures.isEmpty, "\(explorer.failures.prefix(5))")
    // The walk covers what it claims to: 8 operations at each of 6 steps, less those that a
    // single consumer may not do.
    #expect(explorer.visited > 100_000)
  }
}

extension ChannelStateMachine {
  fileprivate mutating func sent(_ element: Element) -> SendResult {
    switch send(element) {
    case .deliver: .accepted
    case .queued(let result), .refused(let result): result
    }
  }
}

/// Walks all sequences of operations.
private struct Explorer {
  static let low = 1
  static let high = 2
  static let limit = 3

  struct Node {
    var machine = ChannelStateMachine<Int, Int, Int>(
      low: Explorer.low, high: Explorer.high, limit: Explorer.limit)
    var path: [String] = []
    // The model.
    var queue: [Int] = []
    var isPaused = false
    var isFinished = false
    var isClosed = false
    var waitingConsumer: Int?
    var waitingProducers: [Int] = []
    var nextNumber = 0
  }

  var visited = 0
  var failures: [String] = []

  mutating func explore(_ node: Node, depth: Int) {
    visited += 1
    if node.machine.count != node.queue.count { failures.append("count after \(node.path)") }
    if node.machine.count > Self.limit { failures.append("limit after \(node.path)") }
    guard depth > 0, failures.isEmpty else { return }
    let operations: [(String, (inout Node) -> Bool)] = [
      ("send", send), ("next", next), ("consumerWaits", consumerWaits),
      ("consumerCancelled", consumerCancelled), ("producerWaits", producerWaits),
      ("producerCancelled", producerCancelled), ("finish", finish), ("cancel", cancel),
    ]
    for (name, operation) in operations {
      if name == "next" || name == "consumerWaits", node.waitingConsumer != nil { continue }
      var child = node
      child.path.append(name)
      if !operation(&child) { failures.append("\(child.path)") }
      explore(child, depth: depth - 1)
    }
  }

  private func send(_ node: inout Node) -> Bool {
    node.nextNumber += 1
    let number = node.nextNumber
    switch node.machine.send(number) {
    case .deliver(let element, let consumer):
      defer { node.waitingConsumer = nil }
      return element == number && consumer == node.waitingConsumer && node.queue.isEmpty
    case .queued(let result):
      guard !node.isFinished, !node.isClosed, node.waitingConsumer == nil,
        node.queue.count < Self.limit
      else { return false }
      node.queue.append(number)
      if node.queue.count >= Self.high { node.isPaused = true }
      return result == (node.isPaused ? .paused : .accepted)
    case .refused(.closed): return node.isFinished || node.isClosed
    case .refused(.full): return node.queue.count == Self.limit
    case .refused: return false
    }
  }

  private func expectElement(
    _ action: ChannelStateMachine<Int, Int, Int>.NextAction, _ node: inout Node
  ) -> Bool {
    switch action {
    case .element(let element, let relief):
      guard !node.queue.isEmpty, element == node.queue.removeFirst() else { return false }
      guard node.isPaused, node.queue.count <= Self.low else {
        return !relief.isWritableAgain && relief.producers.isEmpty
      }
      node.isPaused = false
      defer { node.waitingProducers = [] }
      return relief.isWritableAgain && relief.producers == node.waitingProducers
    case .end(let error):
      defer { node.isClosed = true }
      return error == nil && node.queue.isEmpty && (node.isFinished || node.isClosed)
    case .wait:
      return node.queue.isEmpty && !node.isFinished && !node.isClosed
    }
  }

  private func next(_ node: inout Node) -> Bool { expectElement(node.machine.next(), &node) }

  private func consumerWaits(_ node: inout Node) -> Bool {
    node.nextNumber += 1
    let action = node.machine.consumerWaits(id: UInt64(node.nextNumber), token: node.nextNumber)
    let holds = expectElement(action, &node)
    if case .wait = action { node.waitingConsumer = node.nextNumber }
    return holds
  }

  private func consumerCancelled(_ node: inout Node) -> Bool {
    // A stale id first: it must not touch the one that waits.
    guard node.machine.consumerCancelled(id: 0) == nil else { return false }
    let waiting = node.waitingConsumer
    node.waitingConsumer = nil
    return node.machine.consumerCancelled(id: UInt64(waiting ?? 999)) == waiting
  }

  private func producerWaits(_ node: inout Node) -> Bool {
    node.nextNumber += 1
    switch node.machine.producerWaits(id: UInt64(node.nextNumber), token: node.nextNumber) {
    case .wait:
      node.waitingProducers.append(node.nextNumber)
      return node.isPaused
    case .writable: return !node.isPaused && !node.isFinished && !node.isClosed
    case .closed: return node.isFinished || node.isClosed
    }
  }

  private func producerCancelled(_ node: inout Node) -> Bool {
    let first = node.waitingProducers.first
    if first != nil { node.waitingProducers.removeFirst() }
    return node.machine.producerCancelled(id: UInt64(first ?? 999)) == first
  }

  private func finish(_ node: inout Node) -> Bool {
    let ending = node.machine.finish(nil)
    let holds =
      ending.consumer == node.waitingConsumer && ending.producers == node.waitingProducers
    if node.waitingConsumer != nil { node.isClosed = true }
    end(&node)
    return holds
  }

  private func cancel(_ node: inout Node) -> Bool {
    let ending = node.machine.cancel()
    let holds =
      ending.consumer == node.waitingConsumer && ending.producers == node.waitingProducers
    node.isClosed = true
    node.queue = []
    end(&node)
    return holds
  }

  private func end(_ node: inout Node) {
    node.isFinished = true
    node.isPaused = false
    node.waitingConsumer = nil
    node.waitingProducers = []
  }
}
