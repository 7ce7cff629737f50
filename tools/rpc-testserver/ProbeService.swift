internal import Messages
internal import Metrics
internal import RPC
internal import Synchronization

/// Calls over bare bytes: echoes for measurements, misbehaviour for tests, and what they left
/// behind as text (`Stats`).
@safe
final class ProbeService: Service {
  static let serviceName = "apus.testing.Probe"

  private struct State {
    var running = 0
    var cancelled = 0
    var sent = 0
    var status: [Int32: Int] = [:]
    /// The last calls that ended: path, status and id.
    var ended: [String] = []
    var refused: [String] = []
  }
  /// Calls remembered.
  private static let memory = 1_000
  private let registry: Registry
  private let state = Mutex(State())
  private let server = Mutex<Server?>(nil)

  init(registry: Registry = Registry()) {
    self.registry = registry
  }

  /// Lets the probe read and change its own server.
  func attach(_ server: Server) { self.server.withLock { $0 = server } }

  var methods: [MethodHandler] {
    [
      method("Echo", .unary) { inbound, outbound, _ in
        try await self.echoAll(inbound, outbound)
      },
      method("Fixed", .unary) { inbound, outbound, _ in
        _ = unsafe try inbound.poll { _ in }
        _ = try outbound.send(Self.fixed)
      },
      method("EchoStream", .bidirectional) { inbound, outbound, _ in
        try await self.echoAll(inbound, outbound)
      },
      method("Flood", .serverStreaming) { inbound, outbound, _ in
        try await self.flood(inbound, outbound)
      },
      method("Hang", .unary) { _, _, _ in try await self.hang() },
      method("HangStream", .bidirectional) { _, _, _ in try await self.hang() },
      method("IgnoreStream", .bidirectional) { _, outbound, _ in
        try await self.send([], outbound)
        try await self.hang()
      },
      method("Throw", .unary) { _, _, _ in throw Misfortune() },
      method("Deaf", .unary) { inbound, outbound, _ in
        // Not to be cancelled: waits on something that knows nothing of tasks.
        await self.waitForRelease()
        try await self.echoAll(inbound, outbound)
      },
      method("Release", .unary) { inbound, outbound, _ in
        self.release()
        try await self.echoAll(inbound, outbound)
      },
      method("BadMetadata", .unary) { inbound, outbound, context in
        context.trailingMetadata.append("Upper Case", "x")
        try await self.echoAll(inbound, outbound)
      },
      method("LargeMetadata", .unary) { inbound, outbound, context in
        context.trailingMetadata.append("x-large", String(repeating: "x", count: 100_000))
        try await self.echoAll(inbound, outbound)
      },
      method("OffLoop", .serverStreaming) { inbound, outbound, _ in
        try await self.sendOffLoop(inbound, outbound)
      },
      method("SetHealth", .unary) { inbound, outbound, _ in
        try await self.setHealth(inbound, outbound)
      },
      method("Stats", .unary) { _, outbound, _ in
        try await self.send(Array(self.stats.utf8), outbound)
      },
      method("Metrics", .unary) { _, outbound, _ in
        try await self.send(Array(self.registry.exposition().utf8), outbound)
      },
      method("Ended", .unary) { _, outbound, _ in
        let lines = self.state.withLock { $0.ended }
        try await self.send(Array(lines.joined(separator: "\n").utf8), outbound)
      },
      method("Refused", .unary) { _, outbound, _ in
        let lines = self.state.withLock { $0.refused }
        try await self.send(Array(lines.joined(separator: "\n").utf8), outbound)
      },
      method("Name", .unary) { inbound, outbound, context in
        // A call may be named by its message, as Predict's `request_id` does.
        var name = ""
        _ = unsafe try inbound.poll { unsafe name = String(decoding: $0.raw, as: UTF8.self) }
        if name == "fail" { throw Status(.aborted, context.requestID) }
        if !name.isEmpty { context.name(name) }
        try await self.send(Array(context.requestID.utf8), outbound)
      },
    ]
  }

  private struct Misfortune: Error {}
  private let releases = unsafe Mutex<[UnsafeContinuation<Void, Never>]>([])

  /// Handlers that run now.
  var running: Int { state.withLock { $0.running } }
  /// Handlers that were cancelled.
  var cancelled: Int { state.withLock { $0.cancelled } }
  /// Messages that `Flood` has sent.
  var sent: Int { state.withLock { $0.sent } }

  func observed(_ call: EndedCall) {
    state.withLock { state in
      state.status[call.status.code.rawValue, default: 0] += 1
      state.ended.append("\(call.path) \(call.status.code.name) \(call.requestID)")
      if state.ended.count > Self.memory { state.ended.removeFirst() }
    }
  }

  func observed(_ refused: RefusedConnections) {
    state.withLock { $0.refused.append("\(refused.count) \(refused.reason)") }
  }

  /// The benchmark's answer, to whatever was asked.
  private static let fixed = RawMessage(Array(repeating: 7, count: 101))

  private var stats: String {
    let lines = state.withLock { state in
      ["running \(state.running)", "cancelled \(state.cancelled)", "sent \(state.sent)"]
        + state.status.map { "status-\($0.key) \($0.value)" }
    }
    guard let server = server.withLock({ $0 }) else { return "" }
    return (lines + ["connections \(server.connectionCount)", "calls \(server.callCount)"])
      .joined(separator: "\n")
  }

  private func method(
    _ name: String, _ shape: MethodHandler.Shape,
    _ call:
      @escaping @Sendable (any InboundMessages, any OutboundMessages, CallContext) async throws ->
      Void
  ) -> MethodHandler {
    MethodHandler(
      path: "/\(Self.serviceName)/\(name)", shape: shape
    ) { inbound, outbound, context in
      self.state.withLock { $0.running += 1 }
      defer { self.state.withLock { $0.running -= 1 } }
      try await call(inbound, outbound, context)
    }
  }

  private func send(_ bytes: [UInt8], _ outbound: any OutboundMessages) async throws {
    if try !outbound.send(RawMessage(bytes)) { try await outbound.drained() }
  }

  private func echoAll(
    _ inbound: any InboundMessages, _ outbound: any OutboundMessages
  ) async throws {
    while true {
      // `send` must not be called within `poll`: the bytes are copied out first.
      var message: [UInt8] = []
      let arrival = unsafe try inbound.poll { payload in unsafe message = payload.raw }
      switch arrival {
      case .message: try await send(message, outbound)
      case .pending: try await inbound.arrival()
      case .end: return
      }
    }
  }

  /// `service serving|not-serving|unknown`; the service may be empty.
  private func setHealth(
    _ inbound: any InboundMessages, _ outbound: any OutboundMessages
  ) async throws {
    var text = ""
    _ = unsafe try inbound.poll { unsafe text = String(decoding: $0.raw, as: UTF8.self) }
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 2, let health = server.withLock({ $0?.health }) else {
      throw Status(.invalidArgument, "write: service status")
    }
    switch words[1] {
    case "serving": health.set(words[0], .serving)
    case "not-serving": health.set(words[0], .notServing)
    default: health.remove(words[0])
    }
    try await send([], outbound)
  }

  /// `count size` in decimal: so many messages of so many bytes.
  private func order(_ inbound: any InboundMessages) throws -> (count: Int, size: Int) {
    var text = ""
    _ = unsafe try inbound.poll { unsafe text = String(decoding: $0.raw, as: UTF8.self) }
    let numbers = text.split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 2 else { throw Status(.invalidArgument, "write: count size") }
    return (numbers[0], numbers[1])
  }

  private func flood(
    _ inbound: any InboundMessages, _ outbound: any OutboundMessages
  ) async throws {
    let order = try order(inbound)
    let message = [UInt8](repeating: 7, count: order.size)
    do {
      for _ in 0..<order.count {
        try await send(message, outbound)
        state.withLock { $0.sent += 1 }
      }
    } catch {
      state.withLock { $0.cancelled += 1 }
      throw error
    }
  }

  /// Sends from child tasks on the global pool.
  private func sendOffLoop(
    _ inbound: any InboundMessages, _ outbound: any OutboundMessages
  ) async throws {
    let order = try order(inbound)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask(executorPreference: globalConcurrentExecutor) { [self] in
          let message = [UInt8](repeating: UInt8(worker), count: order.size)
          for _ in 0..<order.count / 4 { try await send(message, outbound) }
        }
      }
      try await group.waitForAll()
    }
  }

  private func hang() async throws {
    // Not by sleeping: the runtime keeps a sleep's timer to its end even when it was cancelled, and
    // tests look at memory.
    let (never, source) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
    source.finish()
    state.withLock { $0.cancelled += 1 }
    throw CancellationError()
  }

  private func waitForRelease() async {
    await unsafe withUnsafeContinuation { continuation in
      unsafe releases.withLock { unsafe $0.append(continuation) }
    }
  }

  private func release() {
    let waiting = unsafe releases.withLock { releases in
      defer { unsafe releases = [] }
      return unsafe releases
    }
    for unsafe continuation in unsafe waiting { unsafe continuation.resume() }
  }
}

/// Feeds the probe what the server observes.
struct ProbeObserver: CallObserver, ConnectionObserver {
  let probe: ProbeService
  func callEnded(_ call: EndedCall) { probe.observed(call) }
  func connectionsRefused(_ refused: RefusedConnections) { probe.observed(refused) }
}
