internal import Messages
internal import Metrics
internal import Synchronization
internal import Threads

/// Keeps the models that answer in step with their folder and with what operators want: the one
/// thread that loads and unloads.
///
///     folder, looked at every `period` ─┐
///     orders of operators ──────────────┴▶ registry ─▶ VersionPlan.next ─▶ load · unload ─┐
///                                             ▲───────────────────────────────────────────┘
final class ModelKeeper: Sendable {
  /// What operators want of a model.
  enum Order: Sendable {
    /// Empty and `latest`: the newest in the folder.
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
    var isStopped = false
  }

  /// Orders that wait at most.
  private static let orderBound = 64

  private let root: String
  let registry: ModelRegistry
  let installer: ModelInstaller
  let log: Log
  private let period: Duration
  private let state = Mutex(State())
  private let wake = Semaphore()
  private let thread = Mutex<SystemThread?>(nil)
  private let loads: Family<Counter>
  private let unloads: Counter

  /// - Parameters:
  ///   - root: the folder of models.
  ///   - period: between two looks at it.
  init(
    root: String, registry: ModelRegistry, installer: ModelInstaller, metrics: Registry, log: Log,
    period: Duration
  ) {
    self.root = root
    self.registry = registry
    self.installer = installer
    self.log = log
    self.period = period
    loads = metrics.counters(
      "apus_model_loads_total", help: "Versions that were loaded, or could not be.",
      labels: ["outcome"])
    unloads = metrics.counter(
      "apus_model_unloads_total", help: "Versions that were taken out of memory.")
    for (name, phase) in [("ready", ModelRegistry.State.Phase.ready), ("failed", .failed)] {
      metrics.sampled(
        "apus_models_\(name)", help: "Versions of models that are \(name).", kind: .gauge
      ) { [registry] in
        Double(registry.all.flatMap(\.versions).count { $0.state.phase == phase })
      }
    }
  }

  /// Loads what a folder holds and goes on keeping it.
  ///
  /// - Parameters:
  ///   - overrides: what apus.yaml says of models; the folder was read with the same.
  ///   - loaded: called once all models have been tried, and labels point where they should.
  ///   - changed: called whenever a version became ready, failed or went.
  func start(
    _ directory: ModelDirectory, overrides: [String: ModelOverride] = [:],
    loaded: @escaping @Sendable () -> Void, changed: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    let started = try SystemThread("models") { [self] in
      var shift = Shift(keeper: self, root: root, changed: changed)
      shift.begin(directory)
      shift.override(overrides)
      loaded()
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
    installer.cancel()
    wake.signal()
    for pending in refused { pending.finish(.failure(Self.stopped)) }
    let running = thread.withLock { $0.take() }
    running?.join()
  }

  private static let stopped = Status(.unavailable, "the server is shutting down")

  /// Carries an order out and returns when it is: a version is ready, or out of memory.
  func perform(_ order: Order) async throws(Status) {
    let result = await withCheckedContinuation { continuation in
      let pending = Pending(order: order) { continuation.resume(returning: $0) }
      let refusal = state.withLock { state -> Status? in
        if state.isStopped { return Self.stopped }
        guard state.orders.count < Self.orderBound else {
          return Status(
            .resourceExhausted,
            "\(Self.orderBound) changes of models wait already; try again when they are done")
        }
        state.orders.append(pending)
        return nil
      }
      if let refusal { pending.finish(.failure(refusal)) } else { wake.signal() }
    }
    try result.get()
  }

  // MARK: The thread

  private func serve(_ shift: inout Shift) {
    var nextLook = ContinuousClock.now + period
    while true {
      _ = wake.wait(atMost: min(ContinuousClock.now.duration(to: nextLook), shift.patience))
      let (orders, isStopped) = state.withLock { state in
        defer { state.orders = [] }
        return (state.orders, state.isStopped)
      }
      if isStopped { return shift.end(Self.stopped) }
      for pending in orders { shift.carryOut(pending.order, pending.finish) }
      if ContinuousClock.now >= nextLook {
        shift.look()
        nextLook = .now + period
      }
      shift.settle()
    }
  }

  func noteLoad(_ succeeded: Bool) { loads.with(succeeded ? "ready" : "failed").increment() }
  func noteUnload() { unloads.increment() }
}
