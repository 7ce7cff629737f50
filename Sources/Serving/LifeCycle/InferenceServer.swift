internal import Accounts
internal import Batching
internal import Caching
internal import Compute
internal import EventLoop
internal import Messages
package import Metrics
internal import REST
internal import RPC
internal import Synchronization
internal import Threads

/// The whole server, from start to a clean end.
///
///     listen ─▶ load models ─▶ ready ─▶ … ─▶ SIGTERM ─▶ not ready ─▶ drain ─▶ engine stops ─▶ end
///                    └──────── SIGTERM: given up ────────▶┘
///
/// It listens before the models are there: probes get an honest "not ready" within milliseconds.
package final class InferenceServer: Sendable {
  /// Every figure of this process.
  package let metrics = Metrics.Registry()
  private let configuration: ServerConfiguration
  private let reload: Reload
  /// Nil for fronts without TLS.
  private let certificates: Certificates?
  /// What the sources held at the start.
  private let models: [ModelDirectory]
  private let log: Log
  private let group: EventLoopGroup
  private let engine: Engine
  private let address: SocketAddress
  private let httpAddress: SocketAddress?
  private let registry = ModelRegistry()
  private let keeper: ModelKeeper
  private let sides: SideThreads
  /// Nil where no answers are kept.
  private let cache: MemoryCache?
  private let accounts: AccountBook
  private let jobs: JobBook?
  private let readiness: Readiness
  let server: RPC.Server
  private let front: Front
  /// File descriptors that the process may have.
  private let descriptors: Int
  private let lastReason = Mutex<String?>(nil)

  /// Keeps SIGTERM and SIGINT for `run`. To be called on the main thread before any other thread
  /// starts, because threads inherit the mask of those that start them.
  package static func takeOverSignals() throws { try ProcessSignal.takeOver() }

  /// - Parameter source: where the configuration is read anew on SIGHUP; nil for nowhere.
  /// - Throws: when the system gives no loops or threads, or too few file descriptors.
  package init(_ configuration: ServerConfiguration, source: ConfigurationSource? = nil) throws {
    // A tier that this machine lacks cannot become right later, nor can an address.
    _ = try KernelTier.selected()
    address = try SocketAddress(configuration.address)
    httpAddress = try configuration.httpAddress.map { try SocketAddress($0) }
    self.configuration = configuration
    descriptors = DescriptorLimit.raise()
    try DescriptorBudget(
      loops: configuration.loops ?? EventLoopGroup.coreCount, fronts: httpAddress == nil ? 1 : 2
    ).check(limit: descriptors)
    log = try Log(format: configuration.logFormat, threshold: configuration.logLevel)
    certificates = try Certificates.open(configuration, metrics: metrics, log: log)
    group = try configuration.loops.map { try EventLoopGroup(count: $0) } ?? EventLoopGroup()
    let engine = try Engine()
    self.engine = engine
    cache = configuration.cache.size > 0 ? MemoryCache(configuration.cache) : nil
    let figures = ModelFigures(metrics, engine, cache, loops: group.loops.count)
    let wake = Semaphore()
    let installer = ModelInstaller(
      registry: registry, engine: engine, figures: figures, loops: group.loops,
      threads: configuration.threads, stuckAfter: configuration.stuckAfter,
      images: configuration.images, log: log
    ) { wake.signal() }
    let keeper = ModelKeeper(
      sources: try configuration.openSources(metrics: metrics, log: log), registry: registry,
      installer: installer, memory: WishMemory(database: configuration.accounts.database, log: log),
      metrics: metrics, log: log, period: configuration.modelsPeriod, wake: wake)
    self.keeper = keeper
    // Before a database is made for a server that cannot be.
    models = try keeper.firstLook()
    readiness = Readiness(
      models: { [registry] in registry.standings }, sourceProblem: { keeper.sourceProblem },
      requirement: configuration.readiness, stuckAfter: configuration.stuckAfter
    ) { engine.health(now: .now) }
    sides = try SideThreads(configuration, metrics: metrics)
    let accounts = try AccountBook(configuration.accounts, metrics: metrics, log: log)
    self.accounts = accounts
    let deprecations = Deprecations(configuration.deprecations, metrics: metrics)
    reload = Reload(
      source, configuration, keys: accounts.keys, keeper: keeper, deprecations: deprecations,
      certificates: certificates, log: log)
    jobs = try JobBook.open(configuration.jobsFile, configuration.jobs, metrics: metrics, log: log)
    let limits = LimitStage(limiter: accounts.limiter)
    let service = InferenceService(
      registry: registry, readiness: readiness, cache: cache, sides: sides,
      fallback: FallbackStage(
        limits: limits, registry: registry, deprecations: deprecations, metrics: figures.breakers))
    let access = Self.access(accounts, limits, deprecations, configuration, metrics)
    let observers = Self.observers(accounts, figures, configuration, log)
    let administration = AccountService(
      store: accounts.store, directory: accounts.keys, defaults: configuration.accounts.keyLimits)
    let control = ControlService(
      keeper: keeper, models: ModelHandlers(registry: registry, deprecations: deprecations))
    let jobHandlers = JobHandlers(
      book: jobs, checks: JobChecks(registry: registry, deprecations: deprecations))
    let inference = OpenInferenceService(service, readiness)
    let server = RPC.Server(
      services: [service, inference, administration, control, jobHandlers],
      options: Self.rpcOptions(configuration, access, observers, certificates, metrics, log),
      group: group)
    self.server = server
    let old = RouteDeprecations(deprecations: deprecations, keys: accounts.keys)
    front = Front(
      options: Self.httpOptions(configuration, access, old, certificates, metrics, log),
      group: group,
      transport: { loop, peer in server.localTransport(on: loop, peer: peer) },
      metricsText: { [metrics] in metrics.exposition() })
    registerSeries(of: figures)
  }

  /// Of what is only looked up when somebody asks.
  private func registerSeries(of figures: ModelFigures) {
    ProcessMetrics.register(in: metrics)
    ModelMetrics.register(registry, readiness, in: metrics)
    TritonMetrics.register(figures.requests, figures.batching, in: metrics)
    VLLMMetrics.register(figures.requests, figures.batching, in: metrics)
  }

  /// Serves until the process is told to stop.
  ///
  /// - Throws: when the address cannot be listened on or the models folder cannot be read.
  package func run() async throws {
    defer { log.close() }
    try checkReach()
    setHealth(.notServing)
    let address = try server.listen(on: address).address
    let http = try httpAddress.map { try front.listen(on: $0).address }
    log.info(
      "listening", ("grpc", .text("\(address)")),
      ("http", .text(http.map { "\($0)" } ?? "off")), ("version", .text(ServerVersion.current)))
    certificates?.tell()
    if descriptors < DescriptorBudget.comfortable {
      log.warning(
        "few file descriptors, and each connection takes one", ("limit", .integer(descriptors)),
        ("advice", .text(DescriptorShortage.advice)))
    }
    tellReach()
    reportSoon()
    try startLoading(models)
    watchReadiness()
    let stop = StopSignal(log: log) { [reload] in reload.running.stopPatience }
    try stop.start()
    let loop = group.loops[0]
    try ProcessSignal.watch([.hangUp]) { [reload] _ in loop.execute { reload.begin() } }
    let signal = await stop.wait()
    let (grace, delay) = (reload.running.drainGrace, reload.running.drainDelay)
    log.info(
      "stopping: finishing calls that run; a second signal stops at once",
      ("signal", .text("\(signal)")), ("calls", .integer(server.callCount)),
      ("grace_s", .number(grace.seconds)))
    stop.waits(for: "calls")
    readiness.drain()
    let keeper = keeper
    async let kept: Void = Self.stop(keeper)
    async let drained: Void = drainFront(grace: grace, delay: delay)
    async let stopped: Void = stopJobs(within: grace)
    await server.drain(grace: grace, notice: delay)
    await drained
    stop.waits(for: "jobs")
    await stopped
    stop.waits(for: "the models' thread")
    await kept
    stop.waits(for: "the threads of long texts and pictures")
    sides.stop()
    stop.waits(for: "the engine")
    engine.stop()
    stop.waits(for: "the loops")
    group.shutdown()
    stop.waits(for: "the accounts' database")
    accounts.close()
    log.info("stopped")
  }

  /// Waits for the keeper's thread, which may be in the middle of a matrix.
  private static func stop(_ keeper: ModelKeeper) async { keeper.stop() }

  // MARK: Who may call

  /// Without keys whoever reaches the server owns it: then nobody beyond this machine may.
  private func checkReach() throws {
    guard accounts.keys.count == 0, !configuration.accounts.allowsAnonymous else { return }
    for address in [address, httpAddress] {
      guard let address, !address.isOfThisMachine else { continue }
      throw ConfigurationError(
        file: configuration.accounts.database ?? "the database in memory",
        "there is no key yet, so the server would let anybody who reaches \(address) call it: make "
          + "a key with `apus keys create --owner NAME --admin`, listen on 127.0.0.1, or say "
          + "--allow-anonymous")
    }
  }

  private func tellReach() {
    let isBeyond = [address, httpAddress].contains { $0?.isOfThisMachine == false }
    if isBeyond, certificates == nil, accounts.keys.count > 0 {
      log.info(
        "keys and answers go over the network as they are",
        ("advice", .text("--tls-certificate and --tls-key, unless a proxy speaks TLS for us")))
    }
    guard accounts.keys.count == 0, !configuration.accounts.allowsAnonymous else { return }
    log.warning(
      "no keys: whoever can reach this server from this machine may call it",
      ("advice", .text("apus keys create --owner NAME --admin")))
  }

  // MARK: The fronts

  private static func access(
    _ accounts: AccountBook, _ limits: LimitStage, _ deprecations: Deprecations,
    _ configuration: ServerConfiguration, _ metrics: Registry
  ) -> AccessControl {
    AccessControl(
      keys: accounts.keys, secondLooks: SecondLooks { await accounts.freshenKeys() },
      limits: limits,
      anonymous: AnonymousAccess(isAllowed: configuration.accounts.allowsAnonymous),
      deprecations: deprecations, metrics: metrics)
  }

  private static func observers(
    _ accounts: AccountBook, _ figures: ModelFigures, _ configuration: ServerConfiguration,
    _ log: Log
  ) -> CallObservers {
    CallObservers(observers: [
      UsageObserver(ledger: accounts.ledger), RequestMetrics(families: figures.requests),
      CallLog(log: log, scope: configuration.callLog),
    ])
  }

  private static func rpcOptions(
    _ configuration: ServerConfiguration, _ access: AccessControl, _ observers: CallObservers,
    _ certificates: Certificates?, _ metrics: Registry, _ log: Log
  ) -> RPC.ServerOptions {
    var options = RPC.ServerOptions()
    options.limits = configuration.limits
    options.interceptors = [access]
    options.observer = observers
    options.connectionObserver = ConnectionLog(log: log)
    options.tls = certificates?.grpc
    options.registry = metrics
    return options
  }

  private static func httpOptions(
    _ configuration: ServerConfiguration, _ access: AccessControl, _ routes: RouteDeprecations,
    _ certificates: Certificates?, _ metrics: Registry, _ log: Log
  ) -> FrontOptions {
    var options = FrontOptions()
    options.limits = configuration.httpLimits
    options.refusal = access.refusal
    options.allowedOrigins = configuration.httpOrigins
    options.version = ServerVersion.current
    options.registry = metrics
    options.notices = routes
    options.tls = certificates?.http
    let requests = RequestLog(
      log: log, scope: configuration.callLog, deprecations: routes.deprecations)
    options.observer = { requests.requestEnded($0) }
    return options
  }

  /// Beside the gRPC server's drain, which tells of its beginning through health.
  private func drainFront(grace: Duration, delay: Duration) async {
    front.announceDrain()
    if delay > .zero { try? await Task.sleep(for: delay) }
    await front.drain(grace: grace)
  }

  /// A little before the drain's end, so that no job is cut off that could be kept for later.
  private func stopJobs(within grace: Duration) async {
    await jobs?.stop(within: grace * 9 / 10)
  }

  // MARK: Models

  private func startLoading(_ models: [ModelDirectory]) throws(ThreadError) {
    try keeper.start(models, overrides: configuration.overrides) { [self] in
      readiness.finishedLoading()
      reportSoon()
      // A loading that was given up ends here too.
      if let jobs, !readiness.isDraining { Task { [server] in await jobs.start(on: server) } }
    } changed: { [self] in
      cache?.keepOnly(generations: registry.generations)
      reportSoon()
    }
  }

  // MARK: Readiness

  /// Once a second, so that a stuck engine shows without anybody asking.
  private func watchReadiness() {
    let loop = group.loops[0]
    loop.execute { self.rearm(loop) }
  }

  private func rearm(_ loop: EventLoop) {
    _ = loop.schedule(after: .seconds(1)) { [self] in
      report()
      cache?.expire(at: .now)
      rearm(loop)
    }
  }

  /// All reports are made on one loop, so that an older verdict never follows a newer one.
  private func reportSoon() { group.loops[0].execute { self.report() } }

  private func setHealth(_ status: HealthBoard.Status) {
    server.health.set("", status)
    server.health.set("apus.v1.Inference", status)
    server.health.set("inference.GRPCInferenceService", status)
  }

  /// Tells `grpc.health.v1` what is so, and the log what has changed.
  private func report() {
    let verdict = readiness.verdict()
    setHealth(verdict.isReady ? .serving : .notServing)
    let changed = lastReason.withLock { last in
      defer { last = verdict.reason }
      return last != verdict.reason
    }
    guard changed else { return }
    if verdict.isReady {
      let models = registry.standings
      let failed = models.count { if case .failed = $0.standing { true } else { false } }
      let ready = models.count { $0.standing == .ready }
      log.info("ready", ("models", .integer(ready)), ("failed", .integer(failed)))
    } else if verdict.isLive {
      log.info("not ready", ("reason", .text(verdict.reason)))
    } else {
      log.error("stuck", ("reason", .text(verdict.reason)))
    }
  }
}
