import Messages
import Testing

@testable import EventLoop
@testable import RPC
@testable import rpc_testserver

/// Channels on a loop that takes a turn only when told: what is posted to it is still on its way.
@Suite struct CallChannelTests {
  private let budget = MemoryBudget(limit: 1 << 20)

  private func makeChannel() throws -> CallChannel {
    CallChannel(loop: try EventLoop(), budget: budget, messageSize: 1 << 20, sendQueue: 1 << 10)
  }

  private func receive(_ sizes: Int..., by channel: CallChannel) throws {
    for size in sizes {
      var bytes = [UInt8](repeating: 0, count: 5 + size)
      withUnsafeBytes(of: UInt32(size).bigEndian) { bytes.replaceSubrange(1..<5, with: $0) }
      let receipt = try bytes.withUnsafeBytes { try channel.receive($0) }
      #expect(receipt.messages == 1 && receipt.freed == 0)
    }
  }

  @Test func aClosedStreamHoldsNoWindowAndKeepsItsMessages() throws {
    let channel = try makeChannel()
    try receive(100, 200, by: channel)
    channel.settle(Status(.ok))
    #expect(channel.streamClosed() == 310)
    #expect(channel.streamClosed() == 0 && budget.bytes == 310)
    var sizes: [Int] = []
    while try channel.poll({ sizes.append($0.raw.count) }) == .message {}
    #expect(sizes == [100, 200])
    #expect(budget.bytes == 0 && channel.fail(Status(.cancelled)) == 0)
  }

  @Test func whatAnotherThreadHasReadIsFreedThoughTheStreamClosesFirst() throws {
    let channel = try makeChannel()
    try receive(100, by: channel)
    let arrival = try channel.poll { _ in }
    #expect(arrival == .message && channel.streamClosed() == 105)
    channel.loop.turn()
  }

  /// A handler works on it: bytes that are in memory are to be in the budget.
  @Test func aMessageThatAHandlerHasCountsUntilTheNextOrItsEnd() throws {
    let channel = CallChannel(
      loop: try EventLoop(), budget: budget, messageSize: 1 << 20, sendQueue: 1 << 10,
      holdsMessages: true)
    try receive(100, 200, by: channel)
    #expect(try channel.poll { _ in } == .message && budget.bytes == 310)
    #expect(try channel.poll { _ in } == .message && budget.bytes == 205)
    #expect(try channel.poll { _ in } == .pending && budget.bytes == 205)
    #expect(channel.fail(Status(.cancelled)) == 310 && budget.bytes == 205)
    channel.end(nil)
    #expect(budget.bytes == 0)
  }

  @Test func whatWasNotReadOrSentGoesWithTheCall() throws {
    do {
      let channel = try makeChannel()
      try receive(100, 200, by: channel)
      _ = try channel.send(RawMessage(Array(repeating: 0, count: 300)))
      #expect(budget.bytes == 105 + 205 + 305)
      channel.loop.turn()
    }
    #expect(budget.bytes == 0)
    do {
      let channel = try makeChannel()
      try receive(100, by: channel)
      let half: [UInt8] = [0, 0, 0, 0, 9, 1, 2]
      _ = try half.withUnsafeBytes { try channel.receive($0) }
      #expect(budget.bytes == 112 && budget.halfSent == 7)
    }
    #expect(budget.bytes == 0 && budget.halfSent == 0)
  }

  @Test func nothingIsGivenBackTwice() throws {
    do {
      let channel = try makeChannel()
      try receive(100, by: channel)
      _ = try channel.send(RawMessage(Array(repeating: 0, count: 300)))
      #expect(channel.fail(Status(.cancelled)) == 105)
      channel.loop.turn()
    }
    #expect(budget.bytes == 0)
  }
}
