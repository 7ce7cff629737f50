import Bytes
import Glibc
import TLS
import TestSupport
import Testing

@testable import EventLoop

/// A driver of sockets on a thread of its own, which knows no TLS.
private func drive(
  _ secure: Secure, _ group: EventLoopGroup, ended: @escaping @Sendable () -> Void = {},
  _ body: @escaping @Sendable (BlockingClient) -> Void
) throws -> Listening {
  let terms = secure.terms
  return try group.accept(on: SocketAddress("127.0.0.1:0")) {
    (socket, loop) throws(SystemError) in
    _ = try socket.relay(terms, on: loop) { inner in
      let fd = inner.fd
      Task { await offThread { body(BlockingClient(taking: fd)) } }
    } lingering: {
      .seconds(1)
    } ended: {
      ended()
    }
  }
}

@Suite(.enabled(if: TestCertificates.shared != nil)) struct RelayTests {
  @Test func carriesBothWaysAndBothEnds() async throws {
    let secure = try Secure()
    let ended = Counted()
    let bytes = pattern(3 << 20)
    try await withGroup(1) { group in
      let listening = try drive(secure, group, ended: { ended.add() }) { socket in
        // Says back what it read to the end.
        let all = socket.readToEnd()
        socket.send(all)
        socket.close()
      }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: bytes,
        tls: (secure.client, "localhost"))
      #expect(try await peer.events.next() == .opened)
      // Its end comes behind its bytes, and what it is told behind that is thrown away.
      try await peer.run { $0.connection?.closeAfterFlush() }
      #expect(try await peer.readToEnd().last == .closed(.local))
      try await turnUntil(group) { ended.value == 1 && listening.connections.open == 0 }
    }
  }

  /// The driver closes right behind its last byte: all of it arrives, and then the end.
  @Test func aDriversLastWordsArrive() async throws {
    let secure = try Secure()
    let bytes = pattern(3 << 20)
    try await withGroup(1) { group in
      let listening = try drive(secure, group) { socket in
        socket.send(bytes)
        socket.close()
      }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, tls: (secure.client, "localhost"))
      #expect(try await peer.read(bytes.count) == bytes)
      #expect(try await peer.readToEnd().first == .end)
      try await turnUntil(group) { listening.connections.open == 0 }
    }
  }

  /// A driver that reads nothing stops the client, and the loop rests meanwhile.
  @Test func aDriverThatDoesNotReadPushesBack() async throws {
    let secure = try Secure()
    let go = Channel<Bool>(low: 0, high: 4)
    let bytes = pattern(16 << 20)
    let read = Channel<Int>(low: 0, high: 4)
    try await withGroup(1) { group in
      let listening = try drive(secure, group) { socket in
        while go.poll() == nil { usleep(1_000) }
        read.send(socket.readToEnd().count)
        socket.close()
      }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: bytes,
        tls: (secure.client, "localhost"))
      #expect(try await peer.events.next() == .opened)
      try await peer.run { $0.connection?.closeAfterFlush(within: .seconds(60)) }
      // At some time the client is stopped.
      var taken = UInt64.max
      for _ in 0..<200 where taken >= 50 {
        let turns = group.loops[0].turnCount
        try await Task.sleep(for: .milliseconds(300))
        taken = group.loops[0].turnCount - turns
      }
      #expect(taken < 50)
      go.send(true)
      #expect(try await read.next() == bytes.count)
    }
  }
}
