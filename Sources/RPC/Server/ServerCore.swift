internal import EventLoop
internal import HTTP2
internal import Messages
internal import Metrics
internal import Synchronization

/// What all connections of a server share.
final class ServerCore: Sendable {
  let router: Router
  let limits: ServerLimits
  let observer: (any CallObserver)?
  let metrics: ServerMetrics?
  private let connectionObserver: (any ConnectionObserver)?
  private let refusals = Mutex(ReportPace<Refusal>(interval: .seconds(10)))
  let connections = ConnectionRegister()
  let memory: MemoryTotal
  /// Calls whose handler runs or whose stream is open.
  private let runningCalls = Atomic(0)
  private let drainPhase = Atomic(DrainPhase.serving.rawValue)

  enum DrainPhase: UInt8 {
    case serving
    /// Connections are asked to leave; what comes in the meantime is still served.
    case draining
    /// The grace is over: nothing new is served.
    case ending
  }

  init(router: Router, options: ServerOptions, metrics: ServerMetrics?) {
    self.router = router
    limits = options.limits
    memory = MemoryTotal(limit: limits.memory)
    observer = options.observer
    connectionObserver = options.connectionObserver
    self.metrics = metrics
  }

  var phase: DrainPhase { DrainPhase(rawValue: drainPhase.load(ordering: .relaxed)) ?? .ending }

  /// Goes on to a phase, never back: with hardly any grace its end may come before the drain's
  /// beginning is noted.
  func advance(to phase: DrainPhase) { drainPhase.max(phase.rawValue, ordering: .relaxed) }

  var calls: Int { runningCalls.load(ordering: .relaxed) }

  /// - Returns: false if the server has as many calls as it may.
  func acquireCall() -> Bool {
    if runningCalls.wrappingAdd(1, ordering: .relaxed).newValue > limits.calls {
      runningCalls.wrappingSubtract(1, ordering: .relaxed)
      return false
    }
    return true
  }

  func releaseCall() { runningCalls.wrappingSubtract(1, ordering: .relaxed) }

  /// Counts and reports a call that is over.
  ///
  /// - Parameters:
  ///   - status: nil where nothing was settled.
  ///   - traffic: asked only where somebody wants to know.
  func ended(
    _ context: CallContext, of route: Route, as status: Status?, since start: LoopInstant,
    on loop: EventLoop, traffic: () -> (received: EndedCall.Traffic, sent: EndedCall.Traffic)
  ) {
    guard observer != nil || route.metrics != nil else { return }
    let duration = LoopInstant.monotonic.nanoseconds(since: start)
    let status = status ?? Status(.unknown)
    let (received, sent) = traffic()
    route.metrics?.ended(
      status.code, nanoseconds: duration, received: received, sent: sent, loop: loop.index)
    observer?.callEnded(
      EndedCall(
        context: context, status: status, duration: .nanoseconds(Int64(clamping: duration)),
        received: received, sent: sent, loop: loop.index))
  }

  /// Counts and reports what was answered with a status and never became a call.
  func rejected(_ context: CallContext, as status: Status, on loop: EventLoop) {
    metrics?.rejected.increment()
    if let limit = status.cause as? Limit { metrics?.reached(limit) }
    observer?.callEnded(
      EndedCall(
        context: context, status: status, duration: .zero, received: EndedCall.Traffic(),
        sent: EndedCall.Traffic(), loop: loop.index))
  }

  /// Counts a connection that was not taken in, and reports it when a report is due.
  func refused(_ refusal: Refusal) {
    switch refusal {
    case .maximum: metrics?.reached(.connections)
    case .failed: metrics?.acceptFailures.increment()
    }
    guard let connectionObserver,
      let count = refusals.withLock({ $0.record(refusal, now: .monotonic) })
    else { return }
    let reason =
      switch refusal {
      case .maximum: "\(limits.connections) are open, and more may not be: \(Limit.connections)"
      case .failed(let code): "\(SystemError.accepting(errno: code))"
      }
    connectionObserver.connectionsRefused(RefusedConnections(count: count, reason: reason))
  }

  var sessionOptions: SessionOptions {
    var options = SessionOptions()
    options.maxConcurrentStreams = UInt32(clamping: limits.callsPerConnection)
    options.streamWindow = Int32(clamping: limits.streamWindow)
    options.connectionWindow = Int32(clamping: limits.connectionWindow)
    options.maxHeaderListSize = limits.headerSize
    options.maxExcessHeaderSize = limits.excessHeaderSizePerSecond
    options.apartName = "grpc-timeout"
    return options
  }
}

/// The connections that stand, so that a drain reaches them and knows when the last is gone.
final class ConnectionRegister: Sendable {
  private struct Entry {
    let connection: LoopBound<ServerConnection>
    let budget: MemoryBudget
  }
  private struct State {
    var connections: [ObjectIdentifier: Entry] = [:]
    var emptyWaiters: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  var count: Int { state.withLock { $0.connections.count } }

  func insert(
    _ connection: LoopBound<ServerConnection>, _ id: ObjectIdentifier, _ budget: MemoryBudget
  ) {
    let entry = Entry(connection: connection, budget: budget)
    state.withLock { $0.connections[id] = entry }
  }

  /// The connection with the most bytes of half-sent messages; nil where there are none.
  var largestHolder: LoopBound<ServerConnection>? {
    let largest = state.withLock { state in
      state.connections.values.max { $0.budget.halfSent < $1.budget.halfSent }
    }
    return largest.flatMap { $0.budget.halfSent > 0 ? $0.connection : nil }
  }

  func remove(_ id: ObjectIdentifier) {
    let waiters = state.withLock { state in
      state.connections[id] = nil
      guard state.connections.isEmpty else { return [] as [CheckedContinuation<Void, Never>] }
      defer { state.emptyWaiters = [] }
      return state.emptyWaiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Runs `body` for every connection, on its loop.
  func forEach(_ body: @escaping @Sendable (ServerConnection) -> Void) {
    let all = state.withLock { $0.connections.values.map(\.connection) }
    for bound in all { bound.loop.execute { body(bound.value) } }
  }

  /// Returns once no connection stands.
  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.connections.isEmpty { state.emptyWaiters.append(continuation) }
        return state.connections.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }
}
