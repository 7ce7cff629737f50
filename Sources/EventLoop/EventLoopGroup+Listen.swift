internal import CLinux
internal import Glibc
internal import Synchronization

/// How a group listens.
package struct ListenOptions: Sendable {
  /// Connections open at a time; those over it are closed on arrival.
  package var maxConnections = 10_000
  /// Connections the kernel keeps for us until we accept them.
  package var backlog: Int32 = 4_096
  /// Hears of every connection that is not taken in, on the loop that refused it.
  package var refused: @Sendable (Refusal) -> Void = { _ in }
  /// How connections are secured; nil where they are not.
  package var tls: TLSTerms?
  package init() {}
}

/// What a group listens on.
package final class Listening: Sendable {
  /// The actual address: where port 0 was asked for, the port the system chose.
  package let address: SocketAddress
  package let connections: ConnectionLimit
  private let refused: @Sendable (Refusal) -> Void
  private let loops: [EventLoop]
  private let isUnlinked = Atomic(false)

  fileprivate init(address: SocketAddress, options: ListenOptions, loops: [EventLoop]) {
    self.address = address
    connections = ConnectionLimit(maximum: options.maxConnections)
    refused = options.refused
    self.loops = loops
  }

  func refuse(_ refusal: Refusal) {
    connections.refuse()
    refused(refusal)
  }

  /// Takes no more connections; those that stand are left alone. From any thread; every loop lets
  /// go of the address in its next turn.
  package func stop() {
    for loop in loops { loop.execute { self.close(on: loop) } }
  }

  private func close(on loop: EventLoop) {
    for case let listener as Listener in loop.sources.all where listener.owner === self {
      // Those whose handshake is done are still taken in: closing would reset them.
      listener.ready(.readable)
      listener.close()
    }
  }

  /// A listener has closed its socket; the file of a Unix socket goes with the first.
  func listenerClosed() {
    guard address.isUnix, !isUnlinked.exchange(true, ordering: .relaxed) else { return }
    _ = unsafe cl_unlink_socket(address.unixPath)
  }
}

extension EventLoopGroup {
  /// Listens on `address` with every loop: a socket of its own each (SO_REUSEPORT), or one that
  /// they share if it is a Unix socket.
  ///
  /// - Parameter handler: makes the handler of a new connection, on the connection's loop.
  /// - Throws: `SystemError` saying which address, and what to do.
  package func listen(
    on address: SocketAddress, options: ListenOptions = ListenOptions(),
    handler: @escaping @Sendable (EventLoop) -> any ConnectionHandler
  ) throws(SystemError) -> Listening {
    let terms = options.tls
    return try accept(on: address, options: options) { (socket, loop) throws(SystemError) in
      if let terms {
        try socket.secure(terms, on: loop, handler: handler(loop))
        return
      }
      let connection = Connection(
        fd: socket.fd, peer: socket.peer, loop: loop, handler: handler(loop), phase: .open,
        slot: socket.slot)
      try loop.watch(connection, .readable)
      connection.handler?.opened(connection)
    }
  }

  /// The same for connections that something else than this module drives: `take` gets their
  /// sockets, each on the loop that is to have it.
  package func accept(
    on address: SocketAddress, options: ListenOptions = ListenOptions(),
    take: @escaping AcceptedSocket.Taker
  ) throws(SystemError) -> Listening {
    DescriptorLimit.raise()
    let (bound, descriptors) = try bindAll(address, options.backlog)
    let listening = Listening(address: bound, options: options, loops: loops)
    for (loop, fd) in zip(loops, descriptors) {
      loop.execute {
        let listener = Listener(fd: fd, loop: loop, owner: listening, take: take)
        do throws(SystemError) { try loop.watch(listener, .readable) } catch { listener.close() }
      }
    }
    return listening
  }

  /// One listening descriptor for each loop, all on the address that is returned.
  private func bindAll(
    _ address: SocketAddress, _ backlog: Int32
  ) throws(SystemError) -> (SocketAddress, [Int32]) {
    var descriptors: [Int32] = []
    do throws(SystemError) {
      descriptors.append(try bindFirst(address, backlog))
      var bound = SocketAddress(raw: cl_address())
      try SystemError.check(
        unsafe cl_local_address(descriptors[0], &bound.raw), "ask for the address of a listener")
      for _ in loops.dropFirst() {
        let next =
          bound.isUnix
          ? cl_duplicate(descriptors[0])
          : unsafe bound.withRaw { unsafe cl_listen($0, backlog, 1) }
        descriptors.append(try check(next, bound))
      }
      return (bound, descriptors)
    } catch {
      for fd in descriptors { _ = cl_close(fd) }
      throw error
    }
  }

  private func bindFirst(
    _ address: SocketAddress, _ backlog: Int32
  ) throws(SystemError) -> Int32 {
    if address.isUnix { try removeStaleSocket(address) }
    if !address.isUnix && address.port != 0 {
      // With SO_REUSEPORT alone a second server on the same port would silently take half of the
      // connections.
      try check(unsafe address.withRaw { unsafe cl_probe_free($0) }, address)
    }
    return try check(unsafe address.withRaw { unsafe cl_listen($0, backlog, 1) }, address)
  }

  /// A Unix socket's file outlives a server that was killed; one where somebody answers is in use.
  private func removeStaleSocket(_ address: SocketAddress) throws(SystemError) {
    var done: Int32 = 0
    let probe = unsafe address.withRaw { unsafe cl_connect($0, &done) }
    if probe >= 0 {
      _ = cl_close(probe)
      try check(-EADDRINUSE, address)
    }
    if probe == -ECONNREFUSED { _ = unsafe cl_unlink_socket(address.unixPath) }
  }

  @discardableResult
  private func check(_ result: Int32, _ address: SocketAddress) throws(SystemError) -> Int32 {
    guard result < 0 else { return result }
    let advice =
      switch -result {
      case EADDRINUSE where address.isUnix:
        "another server listens there, or the file is no socket: choose another path"
      case EADDRINUSE: "another server listens there: stop it or choose another address"
      case EADDRNOTAVAIL: "no network interface has this address: try 127.0.0.1 or 0.0.0.0"
      case EACCES where address.isUnix: "the folder of the socket cannot be written to"
      case EACCES: "ports under 1024 need privileges: choose a higher one"
      case ENOENT: "the folder of the socket does not exist"
      default: ""
      }
    throw SystemError(code: -result, operation: "listen on \(address)", advice: advice)
  }
}
