import Messages
import Testing

@testable import RPC

@Suite struct MessageQueueTests {
  static func framed(_ payload: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    let count = UInt32(payload.count)
    return [
      flag, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
      UInt8(count & 255),
    ] + payload
  }

  static func append(_ bytes: [UInt8], to queue: inout MessageQueue) throws {
    try bytes.withUnsafeBytes { try queue.append($0) }
  }

  static func takeAll(_ queue: inout MessageQueue) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    while queue.poll({ messages.append(Array($0)) }) != nil {}
    return messages
  }

  /// The test macros take copyable values only.
  static func state(_ queue: borrowing MessageQueue) -> (partial: Bool, ready: Int) {
    (queue.hasPartial, queue.ready)
  }

  /// DATA frame edges mean nothing: every way to cut three messages in two and in single bytes.
  @Test func findsMessagesAcrossAnyEdges() throws {
    let payloads: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 9, count: 300)]
    let bytes = payloads.flatMap { Self.framed($0) }
    for cut in 0...bytes.count {
      var queue = MessageQueue(sizeLimit: 300)
      try Self.append(Array(bytes[..<cut]), to: &queue)
      var found = Self.takeAll(&queue)
      try Self.append(Array(bytes[cut...]), to: &queue)
      found += Self.takeAll(&queue)
      #expect(found == payloads)
      #expect(Self.state(queue).partial == false)
    }
    var queue = MessageQueue(sizeLimit: 300)
    for byte in bytes { try Self.append([byte], to: &queue) }
    #expect(Self.state(queue).ready == 3)
    #expect(Self.takeAll(&queue) == payloads)
    let left = queue.count
    #expect(left == 0)
  }

  @Test func knowsWhatIsCutOff() throws {
    var queue = MessageQueue(sizeLimit: 10)
    try Self.append([0, 0], to: &queue)
    #expect(Self.state(queue).partial)
    try Self.append([0, 0, 1], to: &queue)
    #expect(Self.state(queue) == (true, 0))
    try Self.append([7], to: &queue)
    #expect(Self.state(queue) == (false, 1))
  }

  @Test func namesLimitAndSize() throws {
    var queue = MessageQueue(sizeLimit: 10)
    try Self.append(Self.framed(Array(repeating: 1, count: 10)), to: &queue)
    let error = #expect(throws: Status.self) {
      // Only the prefix is here: the length alone decides.
      try Self.append([0, 0, 0, 0, 11], to: &queue)
    }
    #expect(error?.code == .resourceExhausted)
    let told = "a message of 11 bytes is over the limit of 10 bytes (max-message-size)"
    #expect(error?.message == told)
  }

  @Test(arguments: [UInt8(1), 2, 255]) func refusesFlags(flag: UInt8) {
    var queue = MessageQueue(sizeLimit: 10)
    let error = #expect(throws: Status.self) {
      try Self.append(Self.framed([1], flag: flag), to: &queue)
    }
    #expect(error?.code == .internal)
  }

  @Test func dropsAMessageWhoseReaderThrows() throws {
    struct Broken: Error {}
    var queue = MessageQueue(sizeLimit: 10)
    try Self.append(Self.framed([1]) + Self.framed([2]), to: &queue)
    #expect(throws: Broken.self) { _ = try queue.poll { _ in throw Broken() } }
    #expect(Self.takeAll(&queue) == [[2]])
  }
}
