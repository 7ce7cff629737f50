import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

@Suite struct ListenTests {
  @Test func aPortInUseIsNamedWithAdvice() async throws {
    try await withGroup(2) { group in
      let first = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      let error = #expect(throws: SystemError.self) {
        try group.listen(on: first.address) { _ in Echo() }
      }
      #expect(error?.code == EADDRINUSE)
      #expect(error?.description.contains("127.0.0.1:\(first.address.port)") == true)
      #expect(error?.description.contains("another server listens there") == true)
    }
  }

  @Test func aUnixSocketInUseIsRefusedAndAStaleOneReplaced() async throws {
    let address = try SocketAddress(temporarySocket())
    try await withGroup(2) { group in
      _ = try group.listen(on: address) { _ in Echo() }
      let error = #expect(throws: SystemError.self) {
        try group.listen(on: address) { _ in Echo() }
      }
      #expect(error?.code == EADDRINUSE)
    }
    // What a killed server leaves behind: the file without a listener.
    let stale = try StaleSocket(address)
    defer { stale.remove() }
    try await withGroup(2) { group in
      let listening = try group.listen(on: address) { _ in Echo() }
      let peer = try await Peer.connect(
        on: group.loops[1], to: listening.address, sending: [4])
      #expect(try await peer.read(1) == [4])
    }
  }

  @Test func connectionsOverTheMaximumAreClosedAndCounted() async throws {
    try await withGroup(2) { group in
      var options = ListenOptions()
      options.maxConnections = 2
      let refusals = Channel<Refusal>(low: 0, high: 8)
      options.refused = { refusals.send($0) }
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0"), options: options) { _ in
        Echo()
      }
      var peers: [Peer] = []
      for _ in 0..<2 {
        let peer = try await Peer.connect(
          on: group.loops[0], to: listening.address, sending: [1])
        #expect(try await peer.read(1) == [1])
        peers.append(peer)
      }
      let third = try await Peer.connect(on: group.loops[0], to: listening.address)
      let events = try await third.readToEnd()
      #expect(events.first == .opened && events.count <= 3)
      #expect(listening.connections.refused == 1 && listening.connections.open == 2)
      #expect(try await refusals.next() == .maximum && refusals.count == 0)
      // A place that comes free is used again.
      try await peers[0].run { $0.connection?.close() }
      try await turnUntil(group) { listening.connections.open == 1 }
      let fourth = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: [4])
      #expect(try await fourth.read(1) == [4])
    }
  }

  @Test func stoppingKeepsWhatStandsAndFreesThePort() async throws {
    try await withGroup(2) { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      let peer = try await Peer.connect(on: group.loops[0], to: listening.address, sending: [1])
      #expect(try await peer.read(1) == [1])
      listening.stop()
      for loop in group.loops { try await loop.run {} }
      let late = try await Peer.connect(on: group.loops[0], to: listening.address)
      guard case .closed(.connectFailed(let error))? = try await late.readToEnd().first else {
        Issue.record("somebody still listens")
        return
      }
      #expect(error.code == ECONNREFUSED)
      #expect(error.description.contains("is the server running?"))
      try await peer.run { $0.send([2]) }
      #expect(try await peer.read(1) == [2])
      _ = try group.listen(on: listening.address) { _ in Echo() }
    }
  }

  @Test func whoeverWaitsWhenListeningStopsIsStillServed() async throws {
    try await withGroup(1) { group in
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
      let port = listening.address.port
      // Within one turn: the kernel has accepted the connection, the loop has not.
      let client = try await group.loops[0].run {
        let client = try BlockingClient(port: port)
        listening.stop()
        return client
      }
      let answer = await offThread {
        defer { client.close() }
        client.send([1, 2, 3])
        shutdown(client.fd, Int32(SHUT_WR))
        return client.readToEnd()
      }
      #expect(answer == [1, 2, 3])
    }
  }

  @Test func aConnectThatIsNotAnsweredEndsInTime() async throws {
    // A queue of one that nobody empties: the kernel drops further attempts.
    let full = try FullListener()
    defer { full.close() }
    let clock = FakeClock()
    var configuration = EventLoop.Configuration()
    configuration.clock = { clock.now }
    try await withGroup(1, configuration: configuration) { group in
      let loop = group.loops[0]
      let address = try SocketAddress("127.0.0.1:\(full.port)")
      let peer = try await Peer.connect(on: loop, to: address, timeout: .seconds(5))
      try await loop.run {}
      #expect(peer.events.count == 0)
      clock.advance(by: .seconds(5))
      try await loop.run {}
      #expect(try await peer.readToEnd() == [.closed(.connectTimeout)])
    }
  }
}

/// The file of a Unix socket whose server is gone.
private struct StaleSocket {
  private let path: String
  init(_ address: SocketAddress) throws {
    path = String(address.description.dropFirst("unix:".count))
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw BlockingClient.Failed(code: errno) }
  }
  func remove() { unlink(path) }
}

/// A listener whose queue is full.
private struct FullListener {
  let port: Int
  private let fds: [Int32]

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &name) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        guard bind(listener, generic, length) == 0, listen(listener, 0) == 0,
          getsockname(listener, generic, &length) == 0
        else { throw BlockingClient.Failed(code: errno) }
      }
    }
    port = Int(UInt16(bigEndian: name.sin_port))
    var open = [listener]
    for _ in 0..<4 {
      let client = try BlockingClient()
      _ = fcntl(client.fd, F_SETFL, O_NONBLOCK)
      _ = client.connect(port: port)
      open.append(client.fd)
    }
    fds = open
  }

  func close() { for fd in fds { _ = Glibc.close(fd) } }
}
