package import EventLoop
public import Messages
package import Metrics
internal import Synchronization

/// What a server serves and how.
public struct ServerOptions: Sendable {
  public var limits = ServerLimits()
  /// Around every call, the first outermost.
  public var interceptors: [any Interceptor] = []
  public var observer: (any CallObserver)?
  public var connectionObserver: (any ConnectionObserver)?
  /// Serves `grpc.health.v1` from the server's board.
  public var servesHealth = true
  /// Serves `grpc.reflection.v1` and `v1alpha` from the services' own descriptors.
  public var servesReflection = true
  /// Where connections and calls are counted.
  package var registry: Registry?
  /// How connections are secured, other than those of Unix sockets; nil where they are not.
  package var tls: TLSTerms?

  public init() {}
}

/// A gRPC server: services on loops, listening on addresses, until it is drained.
///
///     let server = try Server(services: [Greeter()])
///     print(try server.listen(on: "127.0.0.1:50051"))
///     …
///     await server.drain(grace: .seconds(30))
public final class Server: Sendable {
  /// What `grpc.health.v1` answers; `""` is the whole server. Nothing is set at first but `""`,
  /// which serves.
  public let health: HealthBoard
  package let group: EventLoopGroup
  let core: ServerCore
  private let listenings = Mutex<[Listening]>([])
  private let tls: TLSTerms?

  /// A server with a loop per core.
  public convenience init(
    services: [any Service], options: ServerOptions = ServerOptions()
  ) throws {
    try ProcessSignal.ignorePipe()
    self.init(services: services, options: options, group: try EventLoopGroup())
  }

  package init(services: [any Service], options: ServerOptions, group: EventLoopGroup) {
    health = HealthBoard()
    health.set("", .serving)
    self.group = group
    tls = options.tls
    let metrics = options.registry.map { ServerMetrics($0, loops: group.loops.count) }
    let all = services + Self.own(services, options, health)
    core = ServerCore(
      router: Router(all, interceptors: options.interceptors, metrics: metrics),
      options: options, metrics: metrics)
    if let registry = options.registry { ServerMetrics.register(core, in: registry) }
  }

  /// Health and reflection, which come with the server.
  private static func own(
    _ services: [any Service], _ options: ServerOptions, _ health: HealthBoard
  ) -> [any Service] {
    var own: [any Service] = []
    if options.servesHealth { own.append(HealthService(board: health)) }
    guard options.servesReflection else { return own }
    let described = services + own
    let names =
      described.map { type(of: $0).serviceName }
      + [ReflectionService.serviceName, ReflectionService.alphaName]
    let files =
      described.compactMap { type(of: $0).file }
      + [.grpcReflectionV1Reflection, .grpcReflectionV1alphaReflection]
    own.append(ReflectionService(index: ReflectionIndex(files: files, serviceNames: names)))
    return own
  }

  /// Listens on `127.0.0.1:8001`, `[::1]:8001`, `:8001` or `unix:/path`; port 0 chooses one.
  ///
  /// - Returns: the actual address.
  /// - Throws: an error that says what is wrong with the address and what to do.
  @discardableResult
  public func listen(on address: String) throws -> String {
    try listen(on: SocketAddress(address)).address.description
  }

  package func listen(on address: SocketAddress) throws(SystemError) -> Listening {
    var options = ListenOptions()
    options.maxConnections = core.limits.connections
    options.tls = address.isUnix ? nil : tls
    let core = core
    options.refused = { core.refused($0) }
    let listening = try group.listen(on: address, options: options) { loop in
      ServerConnection(core: core, loop: loop)
    }
    listenings.withLock { $0.append(listening) }
    return listening
  }

  /// Calls of this server's methods from within the process, for one client of another front: they
  /// run through the same interceptors, observer and limits as calls that came over gRPC.
  ///
  /// - Parameters:
  ///   - loop: where the handlers run; the caller's own, so that nothing crosses threads.
  ///   - peer: what handlers and logs call the client.
  ///   - attachment: what the calls' contexts hold from the start. A call from outside begins
  ///     without any, so that interceptors may trust what they find here.
  package func localTransport(
    on loop: EventLoop, peer: String, attachment: (any AnyObject & Sendable)? = nil
  ) -> LocalTransport {
    LocalTransport(core: core, loop: loop, peer: peer, attachment: attachment)
  }

  /// Every method, as `/package.Service/Method`.
  package var paths: [String] { core.router.paths }
  /// Open connections.
  public var connectionCount: Int { core.connections.count }
  /// Calls whose stream is open or whose handler runs.
  public var callCount: Int { core.calls }

  /// Ends in good order: health turns to NOT_SERVING; after `notice`, in which load balancers see
  /// that, no connection is accepted any more and clients are asked to leave, while what is under
  /// way goes on. A moment before `grace` is over the rest is ended with UNAVAILABLE.
  ///
  /// Returns when no connection stands, at the latest after `notice` and `grace`. Stopping `group`
  /// is left to its owner.
  public func drain(grace: Duration, notice: Duration = .zero) async {
    health.drain()
    if notice > .zero { try? await Task.sleep(for: notice) }
    await endLater(after: grace)
    core.advance(to: .draining)
    health.finish()
    for listening in listenings.withLock({ $0 }) { listening.stop() }
    core.connections.forEach { $0.beginDrain() }
    await core.connections.waitUntilEmpty()
  }

  /// Cuts off what still runs, so early that those who read can be told: all is closed after
  /// `grace`.
  private func endLater(after grace: Duration) async {
    let core = core
    let loop = group.loops[0]
    let farewell = min(grace / 10, .seconds(1))
    try? await loop.run {
      let end = loop.now.advanced(by: grace)
      loop.schedule(after: grace - farewell) {
        core.advance(to: .ending)
        core.connections.forEach { $0.end(by: end) }
      }
    }
  }
}
