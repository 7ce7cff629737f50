internal import CMicroHTTPD
internal import EventLoop
internal import Glibc

// How the library lives on a loop: it has no thread and waits for nothing. Its own epoll descriptor
// is watched by the loop's, `MHD_run` does what there is to do and calls back, and whatever the
// callbacks leave to be done at once (an answer that is there) is done in further rounds.
//
//   loop's epoll ──ready──> MHD_run ──> access callback ──> Exchange ──> handler's task
//        ▲                    ▲                                              │
//        │                    └───────── runSoon <── (MHD_resume) <── answer ─┘
//        └── once a second: connections that are overdue are shut down

/// libmicrohttpd on one loop. On that loop only.
@safe
final class Daemon {
  let core: FrontCore
  let loop: EventLoop
  private var handle: OpaquePointer?
  private var source: DescriptorSource?
  private(set) var connections: [ObjectIdentifier: HTTPConnection] = [:]
  /// Sockets whose connections have ended, until their clients have the last answer.
  private var farewells: [ObjectIdentifier: Connection] = [:]
  /// The socket that is being handed to the library, for its callback.
  private(set) var incoming: AcceptedSocket?
  /// Whether that is one end of a relay.
  private(set) var isRelaying = false
  /// Clients' own connections, where the library has relays' ends.
  private var relays: [Int: Connection] = [:]
  private var relayed = 0
  private var isRunning = false
  private var isPosted = false
  /// A handler was started that has not answered at once.
  private var hasStarted = false
  private var isPaused = false
  private var isSweeping = false
  /// Made once: work that other callbacks ask for.
  private var post: @Sendable () -> Void = {}

  /// Rounds in a row before others get their turn.
  private static let rounds = 8
  /// How long handlers have to answer before their connections are looked at again, and suspended.
  private static let pause = Duration.milliseconds(5)

  init(core: FrontCore, loop: EventLoop) throws(SystemError) {
    self.core = core
    self.loop = loop
    let limits = core.options.limits
    // For a head of `headerSize` and what the library makes of it. No more: it is cleared after
    // each request.
    guard
      let handle = unsafe mhd_start(
        callbacks(for: self), limits.headerSize / 2 * 3,
        UInt32(clamping: limits.idleTime.components.seconds))
    else { throw SystemError(code: ENOMEM, operation: "start an HTTP daemon") }
    unsafe self.handle = handle
    let source = DescriptorSource(fd: unsafe mhd_epoll(handle), loop: loop) { [weak self] in
      self?.run()
    }
    self.source = source
    try source.watch(for: .readable)
    let bound = LoopBound(WeakDaemon(daemon: self), on: loop)
    post = { bound.value.daemon?.runPosted() }
  }

  /// A connection for the library, by way of TLS where there are terms for it. Refuses, by closing,
  /// what passes the bound on one address.
  func take(_ socket: AcceptedSocket, _ terms: TLSTerms?) throws(SystemError) {
    let host = socket.peer.host
    guard unsafe handle != nil, core.addresses.add(host) else {
      core.metrics?.reached(.connectionsPerAddress)
      return socket.close()
    }
    guard let terms else {
      if !hand(socket) { core.addresses.remove(host) }
      return
    }
    do throws(SystemError) { try relay(socket, terms) } catch {
      core.addresses.remove(host)
      throw error
    }
  }

  /// The library gets what is within the TLS. Its own connection ends before the client's, whose
  /// end is what the front waits for.
  private func relay(_ socket: AcceptedSocket, _ terms: TLSTerms) throws(SystemError) {
    let number = relayed
    relayed += 1
    relays[number] = try socket.relay(terms, on: loop) { [weak self] inner in
      guard let self else { return inner.close() }
      isRelaying = true
      _ = hand(inner)
      isRelaying = false
    } lingering: { [core] in
      Self.lingering(core)
    } ended: { [weak self, core] in
      self?.relays[number] = nil
      core.addresses.remove(socket.peer.host)
    }
  }

  /// - Returns: false if the library had no memory for it, and has closed it.
  private func hand(_ socket: AcceptedSocket) -> Bool {
    guard let handle = unsafe handle else {
      socket.close()
      return false
    }
    incoming = socket
    _ = unsafe socket.peer.withSystemAddress { address, length in
      unsafe MHD_add_connection(
        handle, socket.fd, address.assumingMemoryBound(to: sockaddr.self), length)
    }
    defer { incoming = nil }
    sweepLater()
    return incoming == nil
  }

  // MARK: Running

  /// Does what there is to do; not from one of the library's callbacks.
  ///
  /// A round that starts handlers is the last: the next comes with an answer, or after a pause.
  func run() {
    guard let handle = unsafe handle, !isRunning else { return }
    isRunning = true
    hasStarted = false
    var left = Self.rounds
    repeat {
      _ = unsafe MHD_run(handle)
      left -= 1
    } while unsafe left > 0 && !hasStarted && mhd_is_busy(handle) != 0
    isRunning = false
    if hasStarted { return runAfterPause() }
    if unsafe mhd_is_busy(handle) != 0 { runSoon() }
  }

  /// Runs the library later in this turn.
  func runSoon() {
    guard !isPosted else { return }
    isPosted = true
    loop.execute(post)
  }

  private func runPosted() {
    isPosted = false
    run()
  }

  private func runAfterPause() {
    guard !isPaused else { return }
    isPaused = true
    // From now, not from the turn's start: starting many handlers takes longer than the pause.
    _ = loop.schedule(at: .monotonic.advanced(by: Self.pause), self)
  }

  /// From one of the library's callbacks: a handler runs.
  func handlerRuns() { hasStarted = true }

  /// There is an answer on a connection that is not suspended; in the library's callback, where it
  /// is taken at once, nothing needs to be done for it.
  func lookAgain() {
    if !isRunning { runSoon() }
  }

  // MARK: Connections

  func opened(_ connection: HTTPConnection) {
    incoming = nil
    connections[ObjectIdentifier(connection)] = connection
    connection.opened()
  }

  func closed(_ connection: HTTPConnection) {
    connection.closed()
    let id = ObjectIdentifier(connection)
    connections[id] = nil
    farewells[id] = connection.seeOff(lingering: Self.lingering(core)) { [weak self, core] in
      self?.farewells[id] = nil
      if !connection.isRelayed { core.addresses.remove(connection.host) }
    }
    if farewells[id] == nil, !connection.isRelayed { core.addresses.remove(connection.host) }
  }

  private static func lingering(_ core: FrontCore) -> Duration {
    core.phase == .draining ? drainLingering : Connection.endTime
  }

  /// How long a drain waits for clients that keep their socket open when they have the last answer.
  private static let drainLingering = Duration.milliseconds(200)

  /// Once a second while there are connections: those that are overdue are ended, and the library
  /// looks at its own idle time.
  private func sweepLater() {
    guard !isSweeping, !connections.isEmpty else { return }
    isSweeping = true
    _ = loop.schedule(after: .seconds(1)) { [weak self] in
      guard let self else { return }
      isSweeping = false
      for connection in connections.values where connection.clock.isOverdue(loop.now) {
        core.metrics?.reached(connection.clock.limit)
        connection.close()
      }
      run()
      sweepLater()
    }
  }

  // MARK: The end

  /// Ends idle connections; the others end with their answer. What has come in by now is read
  /// first: it is a request.
  func drain() {
    run()
    for connection in connections.values { connection.closeIfIdle() }
    for farewell in farewells.values { farewell.closeAfterFlush(lingering: Self.drainLingering) }
    // Those whose handshake is not done, or whose end has come; the others end with their answer.
    for relay in relays.values where !relay.isOpen {
      relay.closeAfterFlush(lingering: Self.drainLingering)
    }
    run()
  }

  /// Ends all connections now; each is reported closed in one of the next rounds.
  func closeAll() {
    for connection in connections.values { connection.close() }
    for farewell in farewells.values { farewell.close() }
    for relay in relays.values { relay.close() }
    run()
  }

  /// To be called when no connection is left.
  func stop() {
    source?.unwatch()
    source = nil
    guard let handle = unsafe handle, connections.isEmpty else { return }
    unsafe self.handle = nil
    unsafe MHD_stop_daemon(handle)
  }
}

extension Daemon: TimerHandler {
  func timerFired(_ token: TimerToken) {
    isPaused = false
    run()
  }
}

/// Keeps the daemon's own closure from keeping the daemon.
private struct WeakDaemon {
  weak var daemon: Daemon?
}
