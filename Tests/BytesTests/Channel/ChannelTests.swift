import Bytes
import Synchronization
import Testing

@Suite struct ChannelTests {
  @Test func everythingArrivesInOrderAndIsBounded() async throws {
    let channel = Channel<Int>(low: 4, high: 16, limit: 17)
    let producer = Task {
      for number in 0..<20_000 {
        #expect(channel.send(number) != .full)
        let isOpen = try await channel.writable()
        #expect(isOpen)
      }
      channel.finish()
    }
    var expected = 0
    while let number = try await channel.next() {
      #expect(number == expected)
      expected += 1
      if channel.count > 17 { Issue.record("more than the limit is queued") }
    }
    #expect(expected == 20_000)
    try await producer.value
  }

  @Test func severalProducersLoseNothing() async throws {
    let channel = Channel<Int>(low: 2, high: 8)
    let total = try await withThrowingTaskGroup(of: Void.self) { group in
      for producer in 0..<8 {
        group.addTask {
          for number in 0..<1_000 {
            while channel.send(producer * 1_000 + number) == .full {
              _ = try await channel.writable()
            }
            _ = try await channel.writable()
          }
        }
      }
      var seen = Set<Int>()
      while seen.count < 8_000, let number = try await channel.next() {
        #expect(seen.insert(number).inserted)
      }
      try await group.waitForAll()
      return seen.count
    }
    #expect(total == 8_000)
  }

  @Test func aCancelledReaderThrowsAndLosesNothing() async throws {
    let channel = Channel<Int>(low: 0, high: 4)
    let reader = Task { try await channel.next() }
    reader.cancel()
    await #expect(throws: CancellationError.self) { try await reader.value }
    channel.send(7)
    #expect(try await channel.next() == 7)
  }

  @Test func aCancelledProducerThrows() async throws {
    let channel = Channel<Int>(low: 0, high: 1)
    #expect(channel.send(1) == .paused)
    let producer = Task { try await channel.writable() }
    producer.cancel()
    await #expect(throws: CancellationError.self) { try await producer.value }
    #expect(try await channel.next() == 1)
    #expect(channel.isWritable)
  }

  /// Cancellation and elements race a thousand times: an element is read or still there.
  @Test func cancellationRacesLoseNothing() async throws {
    let channel = Channel<Int>(low: 0, high: 4)
    for number in 0..<1_000 {
      let reader = Task { try await channel.next() }
      let canceller = Task.detached { reader.cancel() }
      channel.send(number)
      let read = try? await reader.value
      await canceller.value
      if read == nil { #expect(channel.poll() == number) } else { #expect(read == number) }
    }
  }

  @Test func aReaderThatLeavesClosesTheChannel() async throws {
    let count = Count()
    let channel = Channel<Int>(low: 0, high: 1, onWritable: { count.add() })
    #expect(channel.send(1) == .paused)
    let producer = Task { try await channel.writable() }
    channel.cancel()
    #expect(try await producer.value == false)
    #expect(channel.send(2) == .closed)
    #expect(try await channel.next() == nil)
    #expect(count.value == 1)
  }

  @Test func aPollingProducerIsToldOnce() async throws {
    let count = Count()
    let channel = Channel<Int>(low: 1, high: 3, onWritable: { count.add() })
    for number in 0..<3 { channel.send(number) }
    #expect(!channel.isWritable)
    #expect(channel.poll() == 0 && count.value == 0)
    #expect(try await channel.next() == 1)
    #expect(channel.isWritable && count.value == 1)
    #expect(channel.poll() == 2 && channel.poll() == nil && count.value == 1)
  }

  @Test func anErrorReachesAWaitingReader() async throws {
    struct Broken: Error {}
    let channel = Channel<Int>(low: 0, high: 2)
    let reader = Task { try await channel.next() }
    channel.finish(throwing: Broken())
    await #expect(throws: Broken.self) { try await reader.value }
    #expect(try await channel.next() == nil)
  }
}

private final class Count: Sendable {
  private let number = Atomic(0)
  var value: Int { number.load(ordering: .relaxed) }
  func add() { number.wrappingAdd(1, ordering: .relaxed) }
}
