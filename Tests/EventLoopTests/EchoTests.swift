import Bytes
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import EventLoop

@Suite struct EchoTests {
  @Test(arguments: ["127.0.0.1:0", "[::1]:0", "unix:"])
  func overEveryKindOfSocket(text: String) async throws {
    let path = temporarySocket()
    try await withGroup { group in
      let address = try SocketAddress(text == "unix:" ? path : text)
      let listening: Listening
      do {
        listening = try group.listen(on: address) { _ in Echo() }
      } catch let error as SystemError
        where error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT
      {
        print("skipped: this machine has no \(text)")
        return
      }
      #expect(listening.address.isUnix || listening.address.port > 0)
      for loop in group.loops {
        let peer = try await Peer.connect(on: loop, to: listening.address, sending: [1, 2, 3])
        #expect(try await peer.read(3) == [1, 2, 3])
        try await peer.run { $0.connection?.close() }
        #expect(try await peer.readToEnd().last == .closed(.local))
      }
    }
    if text == "unix:" { #expect(access(String(path.dropFirst(5)), F_OK) != 0) }
  }

  @Test func eightMegabytesThroughPartialWrites() async throws {
    let bytes = pattern(8 << 20)
    try await withGroup { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: bytes)
      #expect(try await peer.read(bytes.count) == bytes)
    }
  }

  /// What a handler leaves comes again in later turns, in order and once, and the end behind it.
  @Test func bytesThatAreLeftComeAgain() async throws {
    let bytes = pattern(100_000)
    try await withGroup { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in
        Echo(taking: 1_000)
      }
      let peers = [
        try await Peer.connect(on: group.loops[0], to: listening.address, sending: bytes),
        try await Peer.connect(on: group.loops[0], to: listening.address, sending: bytes),
      ]
      for peer in peers { #expect(try await peer.read(bytes.count) == bytes) }
      // Whoever closes with bytes left gets no more of them.
      try await peers[0].run { caller in
        caller.send(bytes)
        caller.connection?.closeAfterFlush()
      }
      #expect(try await peers[0].readToEnd().last == .closed(.local))
    }
  }

  /// A handler that closes with bytes left sees the peer's end all the same, and the loop does not
  /// spin on bytes that nobody reads.
  @Test func whoeverClosesWithBytesLeftReadsOn() async throws {
    let closed = Counted()
    try await withGroup { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in
        Leaving { closed.add() }
      }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: pattern(100_000))
      #expect(try await peer.readToEnd().last == .closed(.local))
      while closed.value == 0 { try await Task.sleep(for: .milliseconds(1)) }
      #expect(group.loops.allSatisfy { $0.turnCount < 2_000 })
    }
  }

  @Test func aThousandConnectionsLoseNothing() async throws {
    try await withGroup { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      var peers: [Peer] = []
      for number in 0..<1_000 {
        peers.append(
          try await Peer.connect(
            on: group.loops[number % 2], to: listening.address,
            sending: pattern(100 + number)))
      }
      for (number, peer) in peers.enumerated() {
        #expect(try await peer.read(100 + number) == pattern(100 + number))
      }
      #expect(listening.connections.open == 1_000)
      #expect(listening.connections.accepted == 1_000 && listening.connections.refused == 0)
      for peer in peers { try await peer.run { $0.connection?.close() } }
      for peer in peers { #expect(try await peer.readToEnd() == [.closed(.local)]) }
      try await turnUntil(group) { listening.connections.open == 0 }
    }
  }

  @Test func aHalfClosedPeerGetsItsAnswer() async throws {
    let ends = Counted()
    try await withGroup(1) { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in
        Echo(onEnd: { ends.add() })
      }
      let bytes = pattern(200_000)
      let client = try BlockingClient(port: listening.address.port)
      let answer = await offThread {
        defer { client.close() }
        client.send(bytes)
        shutdown(client.fd, Int32(SHUT_WR))
        return client.readToEnd()
      }
      #expect(answer == bytes)
      try await turnUntil(group) { listening.connections.open == 0 }
      #expect(ends.value == 1)
    }
  }

  @Test func aResetReachesOneHandlerOnce() async throws {
    let reasons = Channel<CloseReason>(low: 0, high: 16)
    try await withGroup(1) { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in
        Echo(onClose: { reasons.send($0) })
      }
      let other = try await Peer.connect(on: group.loops[0], to: listening.address, sending: [1])
      #expect(try await other.read(1) == [1])
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: [1, 2], onBytes: { $0.abort() })
      #expect(try await peer.readToEnd().last == .closed(.local))
      guard case .reset(let error)? = try await reasons.next() else {
        Issue.record("the reset was not noticed")
        return
      }
      #expect(error.code == ECONNRESET)
      try await other.run { $0.send([9, 9]) }
      #expect(try await other.read(2) == [9, 9])
      #expect(reasons.count == 0)
    }
    #expect(reasons.count == 1, "the other handler hears of the shutdown, nobody twice")
    #expect(try await reasons.next() == .shutdown)
  }

  @Test func closeAfterFlushSendsEverything() async throws {
    let bytes = pattern(3 << 20)
    try await withGroup { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Farewell(bytes) }
      let peer = try await Peer.connect(
        on: group.loops[1], to: listening.address, sending: pattern(100_000))
      #expect(try await peer.read(bytes.count) == bytes)
      #expect(try await peer.readToEnd() == [.end, .closed(.local)])
      try await turnUntil(group) { listening.connections.open == 0 }
    }
  }

  @Test func closingAgainOnlyBringsTheEndNearer() async throws {
    let clock = FakeClock()
    var configuration = EventLoop.Configuration()
    configuration.clock = { clock.now }
    try await withGroup(1, configuration: configuration) { group in
      let loop = group.loops[0]
      let reasons = Channel<CloseReason>(low: 0, high: 8)
      let opened = Channel<LoopBound<Connection>>(low: 0, high: 8)
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { loop in
        Opened(opened, reasons, loop)
      }
      // A client that never says FIN, which is waited for.
      let client = try BlockingClient(port: listening.address.port)
      defer { client.close() }
      let connection = try #require(try await opened.next())
      try await loop.run { connection.value.closeAfterFlush(within: .seconds(5)) }
      try await loop.run { connection.value.closeAfterFlush(within: .seconds(1)) }
      try await loop.run { connection.value.closeAfterFlush(within: .seconds(9)) }
      clock.advance(by: .milliseconds(999))
      for _ in 0..<3 { try await loop.run {} }
      #expect(reasons.count == 0)
      clock.advance(by: .milliseconds(1))
      try await loop.run {}
      #expect(try await reasons.next() == .local)
    }
  }

  @Test func whoeverNeverClosesIsWaitedForAsLongAsWasSaid() async throws {
    let clock = FakeClock()
    var configuration = EventLoop.Configuration()
    configuration.clock = { clock.now }
    try await withGroup(1, configuration: configuration) { group in
      let loop = group.loops[0]
      let reasons = Channel<CloseReason>(low: 0, high: 8)
      let opened = Channel<LoopBound<Connection>>(low: 0, high: 8)
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { loop in
        Opened(opened, reasons, loop)
      }
      let client = try BlockingClient(port: listening.address.port)
      defer { client.close() }
      let connection = try #require(try await opened.next())
      try await loop.run {
        connection.value.closeAfterFlush(within: .seconds(600), lingering: .milliseconds(200))
      }
      // The flush ends in a turn of its own.
      for _ in 0..<3 { try await loop.run {} }
      clock.advance(by: .milliseconds(199))
      for _ in 0..<3 { try await loop.run {} }
      #expect(reasons.count == 0)
      clock.advance(by: .milliseconds(1))
      try await loop.run {}
      #expect(try await reasons.next() == .local)
    }
  }

  /// What lies in the kernel before a reader that pauses is not lost by closing too early.
  @Test func whoeverReadsSlowlyIsWaitedForUntilItHasEverything() async throws {
    let clock = FakeClock()
    var configuration = EventLoop.Configuration()
    configuration.clock = { clock.now }
    try await withGroup(1, configuration: configuration) { group in
      let loop = group.loops[0]
      let reasons = Channel<CloseReason>(low: 0, high: 8)
      let opened = Channel<LoopBound<Connection>>(low: 0, high: 8)
      let bytes = pattern(300_000)
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { loop in
        Opened(opened, reasons, loop, saying: bytes)
      }
      let client = try BlockingClient()
      defer { client.close() }
      var size: Int32 = 4096
      setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &size, 4)
      guard client.connect(port: listening.address.port) == 0 else { return }
      let connection = try #require(try await opened.next())
      try await loop.run {
        connection.value.closeAfterFlush(within: .seconds(600), lingering: .milliseconds(200))
      }
      for _ in 0..<10 {
        clock.advance(by: .seconds(5))
        for _ in 0..<3 { try await loop.run {} }
      }
      #expect(reasons.count == 0)
      #expect(await offThread { client.readToEnd() } == bytes)
      // It has all, and does not close: the lingering ends it.
      try await turnUntil(group) {
        clock.advance(by: .milliseconds(1))
        return reasons.count > 0
      }
      #expect(try await reasons.next() == .local)
    }
  }

  @Test func aReaderThatStopsPushesBack() async throws {
    let total = 64 << 20
    try await withGroup { group in
      let opened = Channel<LoopBound<Connection>>(low: 0, high: 16)
      let reasons = Channel<CloseReason>(low: 0, high: 16)
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { loop in
        Opened(opened, reasons, loop, saying: [UInt8](repeating: 5, count: total))
      }
      let client = try BlockingClient(port: listening.address.port)
      defer { client.close() }
      let bound = try #require(try await opened.next())
      try await bound.loop.run { bound.value.setNeedsWrite() }
      // Blocked: the kernel takes no more, and what was gathered stays at one write's worth.
      var blocked = 0
      try await turnUntil(group) {
        blocked = try await bound.loop.run { bound.value.leftover.count }
        return blocked > 0
      }
      #expect(blocked <= 262_144)
      try await bound.loop.run { bound.value.closeAfterFlush(within: .seconds(60)) }
      let received = await offThread { client.readToEnd().count }
      #expect(received == total)
    }
  }
}

/// A path for a Unix socket that nobody else uses, as an address.
func temporarySocket() -> String {
  let name = "apus-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
  return "unix:" + FileManager.default.temporaryDirectory.appendingPathComponent(name).path
}

/// Takes turns until the condition holds; a test's time limit is the test run's.
func turnUntil(
  _ group: EventLoopGroup, _ condition: () async throws -> Bool
) async throws {
  while try await !condition() {
    for loop in group.loops { try await loop.run { _ = sched_yield() } }
  }
}

final class Counted: Sendable {
  private let number = Atomic(0)
  var value: Int { number.load(ordering: .relaxed) }
  func add(_ amount: Int = 1) { number.wrappingAdd(amount, ordering: .relaxed) }
}

/// Takes some of its bytes, and closes when the rest comes again.
private final class Leaving: ConnectionHandler {
  private var connection: Connection?
  private var calls = 0
  private let onClose: @Sendable () -> Void
  init(onClose: @escaping @Sendable () -> Void) { self.onClose = onClose }
  func opened(_ connection: Connection) { self.connection = connection }
  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    calls += 1
    if calls == 2 { connection?.closeAfterFlush() }
    return 1
  }
  func receivedEnd() {}
  func gather(into output: inout ByteBuffer, limit: Int) -> Bool { false }
  func closed(_ reason: CloseReason) {
    connection = nil
    onClose()
  }
}

/// Says its piece on the first bytes and closes.
private final class Farewell: ConnectionHandler {
  private var connection: Connection?
  private var waiting = ByteBuffer()
  init(_ bytes: [UInt8]) { waiting.append(bytes) }
  func opened(_ connection: Connection) { self.connection = connection }
  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    connection?.closeAfterFlush()
    return bytes.count
  }
  func receivedEnd() {}
  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    let count = min(limit, waiting.count)
    waiting.withUnsafeBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    waiting.consume(count)
    return !waiting.isEmpty
  }
  func closed(_ reason: CloseReason) { connection = nil }
}

/// Hands its connection to the test.
private final class Opened: ConnectionHandler {
  private let opened: Channel<LoopBound<Connection>>
  private let reasons: Channel<CloseReason>
  private let loop: EventLoop
  private var words: ByteBuffer
  init(
    _ opened: Channel<LoopBound<Connection>>, _ reasons: Channel<CloseReason>, _ loop: EventLoop,
    saying bytes: [UInt8] = []
  ) {
    self.opened = opened
    self.reasons = reasons
    self.loop = loop
    words = ByteBuffer()
    bytes.withUnsafeBytes { words.append($0) }
  }
  func opened(_ connection: Connection) { opened.send(LoopBound(connection, on: loop)) }
  func received(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count }
  func receivedEnd() {}
  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    let count = min(limit, words.count)
    words.withUnsafeBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    words.consume(count)
    return !words.isEmpty
  }
  func closed(_ reason: CloseReason) { reasons.send(reason) }
}
