internal import EventLoop
internal import Messages
internal import Synchronization

/// What all connections of the front share.
final class FrontCore: Sendable {
  enum Phase: UInt8, AtomicRepresentable {
    case serving
    /// Answers say that the connection ends with them; new ones are still accepted.
    case announced
    /// The same, and no connection is accepted any more.
    case draining
  }

  let options: FrontOptions
  let dispatcher: Dispatcher
  let metrics: FrontMetrics?
  let bodies: BodyBudget
  let addresses: AddressCount
  /// Makes what the requests of one connection call on.
  let transport: @Sendable (EventLoop, String) -> any ClientTransport
  private let currentPhase = Atomic<Phase>(.serving)

  init(
    options: FrontOptions, routes: [Route],
    transport: @escaping @Sendable (EventLoop, String) -> any ClientTransport
  ) {
    self.options = options
    self.transport = transport
    dispatcher = Dispatcher(
      table: RouteTable(routes), limits: options.limits,
      cors: CORS(origins: options.allowedOrigins), notices: options.notices,
      refusal: options.refusal)
    metrics = options.registry.map { FrontMetrics($0, routes: routes) }
    bodies = BodyBudget(limit: options.limits.bodies)
    addresses = AddressCount(limit: options.limits.connectionsPerAddress)
  }

  var phase: Phase {
    get { currentPhase.load(ordering: .relaxed) }
    set { currentPhase.store(newValue, ordering: .relaxed) }
  }

  func ended(_ request: EndedRequest) {
    metrics?.ended(request)
    options.observer?(request)
  }
}

/// Bytes of bodies that are held, on all loops together.
final class BodyBudget: Sendable {
  private let limit: Int
  private let used = Atomic(0)

  init(limit: Int) { self.limit = limit }

  /// - Returns: false if there is no room; then none is taken.
  func take(_ count: Int) -> Bool {
    guard used.wrappingAdd(count, ordering: .relaxed).newValue <= limit else {
      used.wrappingSubtract(count, ordering: .relaxed)
      return false
    }
    return true
  }

  /// Takes room that is needed whatever there is.
  func charge(_ count: Int) { used.wrappingAdd(count, ordering: .relaxed) }

  func giveBack(_ count: Int) {
    if count > 0 { used.wrappingSubtract(count, ordering: .relaxed) }
  }
}

/// Connections by address, and all of them, so that the last one's end can be waited for.
final class AddressCount: Sendable {
  private struct State {
    var open = 0
    var byHost: [String: Int] = [:]
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  var open: Int { state.withLock { $0.open } }

  /// - Parameter host: empty for a Unix socket, which is not counted by address.
  /// - Returns: false if the address has as many connections as it may.
  func add(_ host: String) -> Bool {
    state.withLock { state in
      if !host.isEmpty {
        let count = state.byHost[host, default: 0]
        guard count < limit else { return false }
        state.byHost[host] = count + 1
      }
      state.open += 1
      return true
    }
  }

  func remove(_ host: String) {
    let waiters = state.withLock { state in
      state.open -= 1
      if let count = state.byHost[host] { state.byHost[host] = count > 1 ? count - 1 : nil }
      guard state.open == 0 else { return [] as [CheckedContinuation<Void, Never>] }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns once no connection is open.
  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if state.open > 0 { state.waiters.append(continuation) }
        return state.open == 0
      }
      if isEmpty { continuation.resume() }
    }
  }
}
