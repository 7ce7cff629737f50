internal import EventLoop
internal import Messages
internal import Metrics
internal import Synchronization
internal import Threads

/// Keeps the models that answer in step with their sources and with what operators want: the one
/// thread that loads and unloads.
///
///     sources: folders looked at every `period`, news of buckets ─┐
///     orders of operators, and what they wanted before ───────────┤
///     the last call that leaves a version ────────────────────────┴▶ registry ─▶ VersionPlan.next
///                                             ▲── fetch · load · unload ◀──────────────┘
final class ModelKeeper: Sendable {
  /// What operators want of a model.
  enum Order: Sendable {
    /// Empty and `latest`: the newest in the source.
    case load(String, version: String)
    /// Empty: all.
    case unload(String, version: String)
    /// No version: the label goes.
    case label(String, label: String, version: Int?, share: Double)
    case rollBack(String)
    /// What apus.yaml says of models from here on.
    case override([String: ModelOverride])
  }

  private struct Pending: Sendable {
    let order: Order
    let finish: @Sendable (Result<Void, Status>) -> Void
  }

  private struct State {
    var orders: [Pending] = []
    var hasNews = false
    var isStopped = false
  }

  /// Orders that wait at most: for their turn, and then for their versions to come.
  static let orderBound = 64

  let sources: [any ModelSource]
  let registry: ModelRegistry
  let installer: ModelInstaller
  let memory: WishMemory
  let reports: KeeperReports
  let log: Log
  private let period: Duration
  private let state = Mutex(State())
  private let wake: Semaphore
  private let lostSources = Mutex<[String]>([])
  private let thread = Mutex<SystemThread?>(nil)

  /// - Parameters:
  ///   - wake: the one that the installer's models signal when their last call has let go of them.
  ///   - period: between two looks at the sources.
  init(
    sources: [any ModelSource], registry: ModelRegistry, installer: ModelInstaller,
    memory: WishMemory, metrics: Registry, log: Log, period: Duration, wake: Semaphore
  ) {
    self.sources = sources
    self.registry = registry
    self.installer = installer
    self.memory = memory
    self.log = log
    self.period = period
    self.wake = wake
    reports = KeeperReports(registry: registry, metrics: metrics)
  }

  /// What the sources hold now, taken to be complete.
  func firstLook() throws(ConfigurationError) -> [ModelDirectory] {
    var seen: [ModelDirectory] = []
    for source in sources {
      seen.append(try source.look(SourceLook(isComplete: true) { _, _ in false }))
    }
    return seen
  }

  /// Loads what the sources hold and goes on keeping it.
  ///
  /// - Parameters:
  ///   - overrides: what apus.yaml says of models; the folder was read with the same.
  ///   - loaded: called once all models have been tried, and labels point where they should.
  ///   - changed: called whenever a version became ready, failed or went.
  func start(
    _ seen: [ModelDirectory], overrides: [String: ModelOverride],
    loaded: @escaping @Sendable () -> Void, changed: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    let started = try SystemThread("models") { [self] in
      var shift = Shift(keeper: self, seen: seen, loaded: loaded, changed: changed)
      shift.take(overrides)
      shift.begin()
      serve(&shift)
    }
    thread.withLock { $0 = started }
  }

  /// Gives up a loading that runs, refuses what waits, and ends the thread.
  func stop() {
    let refused = state.withLock { state in
      state.isStopped = true
      defer { state.orders = [] }
      return state.orders
    }
    for source in sources { source.end() }
    installer.cancel()
    wake.signal()
    for pending in refused { pending.finish(.failure(Self.stopped)) }
    let running = thread.withLock { $0.take() }
    running?.join()
  }

  static let stopped = Status(.unavailable, "the server is shutting down")

  /// Carries an order out and returns when it is: a version is ready, or out of memory.
  func perform(_ order: Order) async throws(Status) {
    let result = await withCheckedContinuation { continuation in
      let pending = Pending(order: order) { continuation.resume(returning: $0) }
      let refusal = state.withLock { state -> Status? in
        if state.isStopped { return Self.stopped }
        guard state.orders.count < Self.orderBound else { return Self.tooMany }
        state.orders.append(pending)
        return nil
      }
      if let refusal { pending.finish(.failure(refusal)) } else { wake.signal() }
    }
    try result.get()
  }

  static let tooMany = Status(
    .resourceExhausted,
    "\(orderBound) changes of models wait already; try again when they are done")

  /// A source has something to look at.
  func hearNews() {
    state.withLock { $0.hasNews = true }
    wake.signal()
  }

  /// Why sources cannot be looked at.
  func setSourceProblems(_ problems: [String]) {
    lostSources.withLock { $0 = problems }
    reports.setLost(problems.count)
  }

  /// Why a source of models cannot be looked at; nil where all can.
  var sourceProblem: String? { lostSources.withLock { $0.first } }

  // MARK: The thread

  private func serve(_ shift: inout Shift) {
    var nextLook = ContinuousClock.now + period
    var nextTrim = ContinuousClock.now + MemoryTrim.period
    var trim = MemoryTrim()
    while true {
      _ = wake.wait(atMost: ContinuousClock.now.duration(to: min(nextLook, nextTrim)))
      let (orders, hasNews, isStopped) = state.withLock { state in
        defer {
          state.orders = []
          state.hasNews = false
        }
        return (state.orders, state.hasNews, state.isStopped)
      }
      if isStopped { return shift.end(Self.stopped) }
      if hasNews || ContinuousClock.now >= nextLook {
        shift.look()
        nextLook = .now + period
      }
      for pending in orders { shift.carryOut(pending.order, pending.finish) }
      if shift.settle() { trim.expect() }
      if ContinuousClock.now >= nextTrim {
        // Here, as it takes milliseconds that a loop does not have.
        if trim.isDue(freed: ProcessMemory.freed) { ProcessMemory.giveBack() }
        nextTrim = .now + MemoryTrim.period
      }
    }
  }
}
