package import EventLoop
package import Messages
internal import Synchronization

/// The HTTP/JSON front: routes on loops, listening on addresses, until it is drained.
///
///     let front = Front(group: group, transport: { server.localTransport(on: $0, peer: $1) },
///       metricsText: { registry.exposition() })
///     print(try front.listen(on: SocketAddress("127.0.0.1:8000")).address)
///     …
///     await front.drain(grace: .seconds(30))
///
/// It knows no handler: every route calls a method through the transport it is given.
package final class Front: Sendable {
  private let core: FrontCore
  private let group: EventLoopGroup
  private let listenings = Mutex<[Listening]>([])
  /// By the index of their loop; made with the loop's first connection.
  private let daemons = Mutex<[Int: LoopBound<Daemon>]>([:])

  /// - Parameters:
  ///   - transport: makes what the requests of one connection call on, given its loop and the
  ///     client's address; called on that loop.
  ///   - metricsText: what `/metrics` answers, in the Prometheus text format.
  package init(
    options: FrontOptions = FrontOptions(), group: EventLoopGroup,
    transport: @escaping @Sendable (EventLoop, String) -> any ClientTransport,
    metricsText: @escaping @Sendable () -> String
  ) {
    self.group = group
    core = FrontCore(
      options: options,
      routes: Route.all(
        version: options.version, notices: options.notices, metricsText: metricsText),
      transport: transport)
  }

  /// Every route as method and path, such as `GET /v1/models/{name}`.
  package static var routeNames: [String] { Route.names }

  /// Open connections.
  package var connectionCount: Int { core.addresses.open }

  /// Listens on `127.0.0.1:8000`, `[::1]:8000`, `:8000` or `unix:/path`; port 0 chooses one.
  package func listen(on address: SocketAddress) throws(SystemError) -> Listening {
    var options = ListenOptions()
    options.maxConnections = core.options.limits.connections
    options.refused = { [core] in if $0 == .maximum { core.metrics?.reached(.connections) } }
    let terms = address.isUnix ? nil : core.options.tls
    let listening = try group.accept(on: address, options: options) {
      [self] (socket, loop) throws(SystemError) in
      try daemon(on: loop).take(socket, terms)
    }
    listenings.withLock { $0.append(listening) }
    return listening
  }

  private func daemon(on loop: EventLoop) throws(SystemError) -> Daemon {
    if let bound = daemons.withLock({ $0[loop.index] }) { return bound.value }
    let daemon = try Daemon(core: core, loop: loop)
    let bound = LoopBound(daemon, on: loop)
    daemons.withLock { $0[loop.index] = bound }
    return daemon
  }

  /// Has clients go elsewhere, while whoever sends them here learns of the end: every answer is the
  /// last of its connection. To be followed by `drain`.
  package func announceDrain() { core.phase = .announced }

  /// Ends in good order: no connection is accepted any more, idle ones are closed, and the others
  /// close with the answer that is under way; after `grace` the rest is ended.
  ///
  /// Returns when no connection is left. Stopping the loops is left to their owner.
  package func drain(grace: Duration) async {
    core.phase = .draining
    for listening in listenings.withLock({ $0 }) { listening.stop() }
    // Behind the stop on each loop: what the kernel had accepted has come in by then.
    forEachDaemon { $0.drain() }
    let timer = group.loops[0]
    timer.execute { [self] in
      timer.schedule(after: grace) { self.forEachDaemon { $0.closeAll() } }
    }
    await core.addresses.waitUntilEmpty()
    for bound in daemons.withLock({ Array($0.values) }) {
      try? await bound.loop.run { bound.value.stop() }
    }
    daemons.withLock { $0 = [:] }
  }

  private func forEachDaemon(_ body: @escaping @Sendable (Daemon) -> Void) {
    for loop in group.loops {
      loop.execute { [self] in
        if let bound = daemons.withLock({ $0[loop.index] }) { body(bound.value) }
      }
    }
  }
}
