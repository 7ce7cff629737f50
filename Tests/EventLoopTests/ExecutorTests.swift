import Bytes
import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct ExecutorTests {
  @Test func closuresRunInOrderOnTheLoop() async throws {
    try await withGroup(1) { group in
      let loop = group.loops[0]
      let list = List()
      for number in 0..<500 { loop.execute { list.append(number) } }
      let isThere = try await loop.run { loop.isCurrent }
      #expect(isThere)
      #expect(list.all == Array(0..<500))
      #expect(!loop.isCurrent)
    }
  }

  @Test func anErrorComesBackFromRun() async throws {
    struct Broken: Error {}
    try await withGroup(1) { group in
      await #expect(throws: Broken.self) { try await group.loops[0].run { throw Broken() } }
    }
  }

  @Test func anImmediateTaskRunsAtOnceAndComesBackToTheLoop() async throws {
    try await withGroup(2) { group in
      let (loop, other) = (group.loops[0], group.loops[1])
      let list = List()
      let task = try await loop.run {
        let task = Task.immediate(executorPreference: loop) {
          list.append(loop.isCurrent ? 1 : -1)
          // Away to another thread and back.
          let elsewhere = try await other.run { other.isCurrent && !loop.isCurrent }
          list.append(loop.isCurrent && elsewhere ? 3 : -3)
          await Task.yield()
          list.append(loop.isCurrent ? 4 : -4)
        }
        list.append(2)
        return task
      }
      try await task.value
      #expect(list.all == [1, 2, 3, 4])
    }
  }

  @Test func anActorPinsItselfToTheLoop() async throws {
    try await withGroup(2) { group in
      let pinned = Pinned(group.loops[1])
      #expect(await pinned.isOnLoop())
      // On the loop its state is open to synchronous code; elsewhere it is not.
      let count = try await group.loops[1].run { pinned.assumeIsolated { $0.count } }
      #expect(count == 1)
      #expect(group.loops[0].isIsolatingCurrentContext() == false)
    }
  }

  @Test func workThatNeverEndsDoesNotStarveSocketsAndTimers() async throws {
    try await withGroup(1) { group in
      let loop = group.loops[0]
      let isOn = Flag()
      loop.execute { again(loop, isOn) }
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      let peer = try await Peer.connect(on: loop, to: listening.address, sending: [1, 2, 3])
      #expect(try await peer.read(3) == [1, 2, 3])
      await withCheckedContinuation { continuation in
        loop.execute { loop.schedule(after: .milliseconds(1)) { continuation.resume() } }
      }
      isOn.clear()
    }
  }

  @Test func anIdleLoopTakesNoTurns() async throws {
    try await withGroup(1) { group in
      let loop = group.loops[0]
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      var peers: [Peer] = []
      for _ in 0..<50 {
        peers.append(try await Peer.connect(on: loop, to: listening.address, sending: [1]))
      }
      for peer in peers { #expect(try await peer.read(1) == [1]) }
      let before = loop.turnCount
      for _ in 0..<100 { try await loop.run {} }
      // Each round trip wakes the loop once; the eventfd may cost a turn of its own.
      #expect(loop.turnCount - before <= 210)
    }
  }

  @Test func workAfterTheEndStillRuns() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let events = Channel<Int>(low: 0, high: 1)
    let task = Task(executorPreference: loop) { () throws -> Bool in
      _ = try await events.next()
      return loop.isCurrent
    }
    try await loop.run {}
    group.shutdown()
    events.send(1)
    #expect(try await task.value)
    #expect(try await loop.run { 42 } == 42)
    group.shutdown()
  }

  /// One that keeps the loop would keep it, and what else it knows, for ever.
  @Test func timersThatHaveNotFiredGoAtTheEnd() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let before = try await held(by: loop)
    #expect(before.value != nil)
    group.shutdown()
    #expect(before.value == nil)
    let after = try await held(by: loop)
    #expect(after.value == nil, "one that comes late goes too")
  }

  /// What only a timer far away holds.
  private func held(by loop: EventLoop) async throws -> Weak {
    let list = List()
    let weak = Weak(list)
    _ = try await loop.run { [list] in
      loop.schedule(after: .seconds(3_600)) { list.append(Int(loop.turnCount)) }
    }
    return weak
  }

  /// What a timer schedules for now waits for the next turn, however many others are pending:
  /// before that, what the first has to say is written.
  @Test func aTimerOfATurnStartsNoOtherInIt() async throws {
    try await withGroup(1) { group in
      let loop = group.loops[0]
      let turns = Channel<Int>(low: 0, high: 8)
      try await loop.run {
        for _ in 0..<8 { loop.schedule(after: .seconds(3_600)) {} }
        loop.schedule(after: .zero) {
          let turn = loop.turnCount
          loop.schedule(after: .zero) { turns.send(Int(loop.turnCount - turn)) }
        }
      }
      #expect(try await turns.next() == 1)
    }
  }

  @Test func timersFollowTheClockTheyAreGiven() async throws {
    let clock = FakeClock()
    var configuration = EventLoop.Configuration()
    configuration.clock = { clock.now }
    try await withGroup(1, configuration: configuration) { group in
      let loop = group.loops[0]
      let list = List()
      try await loop.run {
        loop.schedule(after: .seconds(3_600)) { list.append(1) }
        let dropped = loop.schedule(after: .seconds(3_600)) { list.append(2) }
        loop.schedule(after: .seconds(3_601)) { list.append(3) }
        loop.cancel(dropped)
      }
      try await loop.run {}
      #expect(list.all == [])
      clock.advance(by: .seconds(3_600))
      try await loop.run {}
      try await loop.run {}
      #expect(list.all == [1])
      clock.advance(by: .seconds(1))
      try await loop.run {}
      try await loop.run {}
      #expect(list.all == [1, 3])
    }
  }
}

@Sendable private func again(_ loop: EventLoop, _ isOn: Flag) {
  if isOn.value { loop.execute { again(loop, isOn) } }
}

private actor Pinned {
  private let loop: EventLoop
  private(set) var count = 0
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  init(_ loop: EventLoop) { self.loop = loop }
  func isOnLoop() -> Bool {
    count += 1
    return loop.isCurrent
  }
}

private final class Weak: Sendable {
  private let list: Mutex<WeakList>
  private struct WeakList { weak var value: List? }
  init(_ list: List) { self.list = Mutex(WeakList(value: list)) }
  var value: List? { list.withLock { $0.value } }
}

final class List: Sendable {
  private let numbers = Mutex<[Int]>([])
  var all: [Int] { numbers.withLock { $0 } }
  func append(_ number: Int) { numbers.withLock { $0.append(number) } }
}

final class Flag: Sendable {
  private let isSet = Atomic(true)
  var value: Bool { isSet.load(ordering: .relaxed) }
  func clear() { isSet.store(false, ordering: .relaxed) }
}

final class FakeClock: Sendable {
  private let nanoseconds = Atomic<UInt64>(1_000)
  var now: LoopInstant { LoopInstant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
  func advance(by duration: Duration) {
    nanoseconds.wrappingAdd(UInt64(duration.saturatingNanoseconds), ordering: .relaxed)
  }
}
