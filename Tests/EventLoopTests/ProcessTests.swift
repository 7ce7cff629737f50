import Bytes
import EventLoop
import Glibc
import Testing

/// What concerns the whole process runs in one of its own.
@Suite struct ProcessTests {
  @Test func nothingIsLeftOpen() async {
    await #expect(processExitsWith: .success) {
      let before = descriptors()
      for round in 0..<3 {
        let group = try EventLoopGroup(count: 2)
        let unix = try group.listen(on: SocketAddress(temporarySocket())) { _ in Echo() }
        let listening = try group.listen(on: SocketAddress("127.0.0.1:0")) { _ in Echo() }
        var peers: [Peer] = []
        for number in 0..<100 {
          let target = number % 2 == 0 ? listening.address : unix.address
          let peer = try await Peer.connect(
            on: group.loops[number / 2 % 2], to: target, sending: [1, 2])
          #expect(try await peer.read(2) == [1, 2])
          if number % 5 == 0 { try await peer.run { $0.connection?.abort() } }
          peers.append(peer)
        }
        #expect(descriptors().count > before.count + 100)
        if round == 1 { listening.stop() }
        group.shutdown()
        for peer in peers {
          guard case .closed? = try await peer.readToEnd().last else { exit(3) }
        }
      }
      let left = Set(descriptors()).subtracting(before)
      #expect(left.isEmpty)
      exit(left.isEmpty ? 0 : 2)
    }
  }

  @Test func closedStandardStreamsAreReplaced() async {
    await #expect(processExitsWith: .success) {
      let kept = dup(STDOUT_FILENO)
      var null = stat()
      stat("/dev/null", &null)
      func isNull(_ fd: Int32) -> Bool {
        var info = stat()
        return fstat(fd, &info) == 0 && info.st_rdev == null.st_rdev
      }
      // This process has other threads, and one may open something just then.
      for _ in 0..<10 {
        close(STDIN_FILENO)
        close(STDERR_FILENO)
        try StandardStreams.fill()
        if isNull(STDIN_FILENO) && isNull(STDERR_FILENO) { break }
      }
      let isOutputKept = fcntl(kept, F_GETFD) >= 0
      guard isNull(STDIN_FILENO), isNull(STDERR_FILENO) else { exit(2) }
      var byte: UInt8 = 0
      guard read(STDIN_FILENO, &byte, 1) == -1, errno == EBADF else { exit(4) }
      guard write(STDERR_FILENO, &byte, 1) == -1, errno == EBADF else { exit(5) }
      let next = dup(kept)
      exit(isOutputKept && next > kept ? 0 : 3)
    }
  }

  @Test func signalsComeToWhoWaitsForThem() async {
    await #expect(processExitsWith: .success) {
      // This process has threads already, so the signals go to one of its own.
      let group = try EventLoopGroup(count: 1)
      let missed = try await group.loops[0].run {
        try ProcessSignal.takeOver()
        return [SIGTERM, SIGINT, SIGHUP, SIGPIPE].filter { signal in
          pthread_kill(pthread_self(), signal)
          let next = ProcessSignal.next(of: ProcessSignal.allCases, until: .monotonic)
          return next?.rawValue != (signal == SIGPIPE ? nil : signal)
        }
      }
      exit(missed.isEmpty ? 0 : 2)
    }
  }

  @Test func runningOutOfDescriptorsClosesTheNewestAndSpinsNot() async {
    await #expect(processExitsWith: .success) {
      let group = try EventLoopGroup(count: 1)
      let loop = group.loops[0]
      let refusals = Channel<Refusal>(low: 0, high: 8)
      var options = ListenOptions()
      options.refused = { refusals.send($0) }
      let listening = try group.listen(on: SocketAddress("127.0.0.1:0"), options: options) { _ in
        Echo()
      }
      try await loop.run {}
      var limit = rlimit(rlim_cur: 256, rlim_max: 256)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let shortage = try Shortage(port: listening.address.port, turns: { loop.turnCount })
      #expect(listening.connections.refused == 1)
      #expect(listening.connections.open == shortage.served)
      #expect(try await refusals.next() == .failed(errno: EMFILE) && refusals.count == 0)
      let told = "\(SystemError.accepting(errno: EMFILE))"
      #expect(told.contains("all 256 file descriptors") && told.contains("ulimit -n"))
      #expect(loop.turnCount - shortage.turnsBefore <= 4)
      for filler in shortage.fillers { close(filler) }
      // With descriptors back, the next one is served.
      let peer = try await Peer.connect(on: loop, to: listening.address, sending: [7])
      let answer = try await peer.read(1)
      #expect(answer == [7])
      exit(answer == [7] && listening.connections.refused == 1 ? 0 : 2)
    }
  }
}

/// Takes all descriptors of the process, and then a client that is turned away.
private struct Shortage {
  private(set) var fillers: [Int32] = []
  /// Clients that found a descriptor after all: the runtime's own threads open and close a file now
  /// and then.
  private(set) var served = 0
  /// The loop's turns when the last client came.
  private(set) var turnsBefore: UInt64 = 0

  init(port: Int, turns: () -> UInt64) throws {
    while true {
      let client = try BlockingClient()
      while case let filler = dup(0), filler >= 0 { fillers.append(filler) }
      turnsBefore = turns()
      guard client.connect(port: port) == 0 else { exit(3) }
      client.send([5])
      var byte: UInt8 = 0
      guard recv(client.fd, &byte, 1, 0) == 1 else { return }
      served += 1
      if let spare = fillers.popLast() { close(spare) }
    }
  }
}

/// What every open descriptor leads to, but for the folder that is read here, and a timerfd: we
/// open none, the runtime's own thread pool does when it likes.
private func descriptors() -> [String] {
  guard let folder = opendir("/proc/self/fd") else { return [] }
  defer { closedir(folder) }
  var links: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    var target = [CChar](repeating: 0, count: 256)
    guard readlink("/proc/self/fd/" + name, &target, 255) > 0 else { continue }
    let bytes = target.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    let link = name + " " + String(decoding: bytes, as: UTF8.self)
    if !link.hasSuffix("[timerfd]"), !link.hasSuffix("/fd") { links.append(link) }
  }
  return links
}
