import EventLoop
import Messages
import Metrics
import Synchronization
import TestMessages
import Testing

@testable import RPC
@testable import rpc_testserver

/// A server and clients of it in this process, on real sockets.
final class Rig: Sendable {
  let group: EventLoopGroup
  let server: Server
  let address: SocketAddress
  let probe = ProbeService()

  init(
    loops: Int = 1, clock: FakeClock? = nil, _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws {
    var configuration = EventLoop.Configuration()
    if let clock { configuration.clock = { clock.now } }
    group = try EventLoopGroup(count: loops, configuration: configuration)
    var options = ServerOptions()
    change(&options)
    server = Server(services: [InteropService(), probe], options: options, group: group)
    probe.attach(server)
    address = try server.listen(on: SocketAddress("127.0.0.1:0")).address
  }

  deinit { group.shutdown() }

  func connect(_ change: (inout ClientOptions) -> Void = { _ in }) async throws -> ClientConnection
  {
    var options = ClientOptions()
    change(&options)
    return try await ClientConnection.connect(to: address, on: group.next(), options: options)
  }

  /// Waits for something that other threads bring about.
  func until(_ condition: () -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(120))
    while !condition() {
      try #require(ContinuousClock.now < end, "what was waited for did not come")
      // Also has the loops look at a clock that was moved.
      try await turn()
    }
  }

  /// Every loop takes its next turns.
  func turn() async throws {
    for _ in 0..<3 {
      for loop in group.loops { try await loop.run {} }
    }
  }
}

private typealias Simple = GrpcTesting.SimpleRequest
private typealias Output = GrpcTesting.StreamingOutputCallRequest
private typealias Parameters = GrpcTesting.ResponseParameters

@Suite struct EndToEndTests {
  @Test func callsOfAllFourShapes() async throws {
    let rig = try Rig()
    let client = GrpcTesting.TestServiceClient(try await rig.connect())
    let one = try await client.unaryCall(Simple(responseSize: 100_000))
    #expect(one.payload?.body.count == 100_000)

    let many = try await client.streamingOutputCall(
      Output(responseParameters: [1, 70_000, 0].map { Parameters(size: $0) }))
    var sizes: [Int] = []
    while let next = try await many.next() { sizes.append(next.payload?.body.count ?? 0) }
    #expect(sizes == [1, 70_000, 0])

    let sum = try await client.streamingInputCall()
    for size in [27_182, 8, 1_828, 45_904] {
      try await sum.send(
        GrpcTesting.StreamingInputCallRequest(
          payload: GrpcTesting.Payload(body: Array(repeating: 0, count: size))))
    }
    #expect(try await sum.response().aggregatedPayloadSize == 74_922)

    let duplex = try await client.fullDuplexCall()
    for size in [Int32(5), 50_000] {
      try await duplex.send(Output(responseParameters: [Parameters(size: size)]))
      #expect(try await duplex.next()?.payload?.body.count == Int(size))
    }
    duplex.finish()
    #expect(try await duplex.next() == nil)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func statusesComeThroughWithMetadata() async throws {
    let rig = try Rig()
    let client = GrpcTesting.TestServiceClient(try await rig.connect())
    let text = "\t\nblanks and ☺ 😈 100%\n"
    let error = await #expect(throws: Status.self) {
      _ = try await client.unaryCall(
        Simple(responseStatus: GrpcTesting.EchoStatus(code: 9, message: text)))
    }
    #expect(error?.code == .failedPrecondition && error?.message == text)
    var metadata = Metadata()
    metadata.append("x-grpc-test-echo-initial", "hello")
    metadata.append("x-grpc-test-echo-trailing-bin", binary: [0, 171, 255])
    let call = try await client.streamingOutputCall(
      Output(responseParameters: [Parameters(size: 1)]), options: CallOptions(metadata: metadata))
    while try await call.next() != nil {}
    #expect(call.initialMetadata["x-grpc-test-echo-initial"] == "hello")
    #expect(call.trailingMetadata[binary: "x-grpc-test-echo-trailing-bin"] == [0, 171, 255])
  }

  @Test func unknownMethodsAreUnimplemented() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    let error = await #expect(throws: Status.self) {
      _ = try await GrpcTesting.UnimplementedServiceClient(connection)
        .unimplementedCall(GrpcTesting.Empty())
    }
    #expect(error?.code == .unimplemented)
  }

  @Test func cancellingTheCallersTaskReachesTheHandler() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    let task = Task {
      let call = try await connection.open(
        path: "/apus.testing.Probe/HangStream", options: CallOptions())
      try await call.arrival()
    }
    try await rig.until { rig.probe.running == 1 }
    task.cancel()
    let error = await #expect(throws: Status.self) { try await task.value }
    #expect(error?.code == .cancelled)
    try await rig.until { rig.probe.cancelled == 1 && rig.server.callCount == 0 }
  }

  @Test func deadlinesEndCallsOnBothSides() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    // One may pass before the handler begins: then a longer one is tried.
    var timeout = Duration.milliseconds(20)
    while rig.probe.cancelled == 0 {
      let options = CallOptions(timeout: timeout)
      let error = await #expect(throws: Status.self) {
        let call = try await connection.open(
          path: "/apus.testing.Probe/HangStream", options: options)
        try await call.arrival()
      }
      #expect(error?.code == .deadlineExceeded)
      try await rig.until { rig.server.callCount == 0 }
      timeout *= 2
    }
  }

  @Test func aCallThatIsLetGoIsCancelled() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    do {
      _ = try await connection.open(
        path: "/apus.testing.Probe/HangStream", options: CallOptions())
    }
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func nobodyThereIsUnavailable() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.shutdown() }
    let rig = try Rig()
    let address = rig.address
    await rig.server.drain(grace: .zero)
    let error = await #expect(throws: Status.self) {
      // The listener is gone with the drain, on the loop's next turn.
      for _ in 0..<1_000 {
        let connection = try await ClientConnection.connect(to: address, on: group.next())
        connection.close()
        await Task.yield()
      }
    }
    #expect(error?.code == .unavailable)
    #expect(error?.message.isEmpty == false)
    let malformed = await #expect(throws: Status.self) {
      _ = try await ClientConnection.connect(to: "nonsense")
    }
    #expect(malformed?.code == .invalidArgument)
  }

  @Test func aLostServerEndsItsClientsCalls() async throws {
    let rig = try Rig()
    let other = try EventLoopGroup(count: 1)
    defer { other.shutdown() }
    let connection = try await ClientConnection.connect(to: rig.address, on: other.next())
    let call = try await connection.open(
      path: "/apus.testing.Probe/HangStream", options: CallOptions())
    try await rig.until { rig.probe.running == 1 }
    rig.group.shutdown()
    let error = await #expect(throws: Status.self) { try await call.arrival() }
    #expect(error?.code == .unavailable || error?.code == .cancelled)
    await #expect(throws: Status.self) {
      _ = try await connection.open(path: "/a.B/C", options: CallOptions())
    }
  }

  @Test func clientsRefuseMessagesOverTheirLimit() async throws {
    let rig = try Rig()
    let client = GrpcTesting.TestServiceClient(try await rig.connect { $0.messageSize = 1_000 })
    let error = await #expect(throws: Status.self) {
      _ = try await client.unaryCall(Simple(responseSize: 2_000))
    }
    #expect(error?.code == .resourceExhausted)
    #expect(error?.message.contains("limit of 1000") == true)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func sendersWaitForSlowReaders() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    let call = try await connection.open(
      path: "/apus.testing.Probe/HangStream", options: CallOptions())
    let message = [UInt8](repeating: 1, count: 10_000)
    var sent = 0
    // The handler polls nothing: what goes beyond the window stays in the queue. Before that is
    // full, a pause may be asked for and be over again.
    let limits = ServerLimits()
    while sent < limits.streamWindow + limits.sendQueue {
      while try call.send(RawMessage(message)) {
        sent += message.count
        await Task.yield()
        try #require(sent < 8 << 20, "nothing has pushed back")
      }
      sent += message.count
      if sent < limits.streamWindow { try await call.drained() }
    }
    let waiting = Task { try await call.drained() }
    call.cancel()
    await #expect(throws: Status.self) { try await waiting.value }
  }

  @Test func interceptorsRunAroundCallsInOrder() async throws {
    final class Noting: Interceptor {
      let name: String
      let notes: Mutex<[String]>
      init(_ name: String) {
        self.name = name
        notes = Mutex([])
      }
      func intercept(
        _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
      ) async throws {
        notes.withLock { $0.append("\(name) before \(method.path)") }
        if context.metadata["x-reject"] == name {
          throw Status(.permissionDenied, "not for you")
        }
        do { try await next() } catch {
          notes.withLock { $0.append("\(name) saw an error") }
          throw error
        }
        notes.withLock { $0.append("\(name) after") }
      }
    }
    let outer = Noting("outer")
    let inner = Noting("inner")
    let rig = try Rig { $0.interceptors = [outer, inner] }
    let client = GrpcTesting.TestServiceClient(try await rig.connect())
    _ = try await client.emptyCall(GrpcTesting.Empty())
    let path = "/grpc.testing.TestService/EmptyCall"
    #expect(outer.notes.withLock { $0 } == ["outer before \(path)", "outer after"])
    #expect(inner.notes.withLock { $0 } == ["inner before \(path)", "inner after"])
    let error = await #expect(throws: Status.self) {
      _ = try await client.emptyCall(
        GrpcTesting.Empty(), options: CallOptions(metadata: ["x-reject": "inner"]))
    }
    #expect(error?.code == .permissionDenied)
    #expect(outer.notes.withLock { $0.last } == "outer saw an error")
  }

  @Test func observersAndMetricsSeeEveryCall() async throws {
    final class Noting: CallObserver {
      let calls = Mutex<[EndedCall]>([])
      func callEnded(_ call: EndedCall) { calls.withLock { $0.append(call) } }
    }
    let noting = Noting()
    let registry = Registry()
    let rig = try Rig {
      $0.observer = noting
      $0.registry = registry
    }
    let client = GrpcTesting.TestServiceClient(try await rig.connect())
    _ = try await client.unaryCall(
      Simple(responseSize: 1_000), options: CallOptions(metadata: ["x-request-id": "r-17"]))
    await #expect(throws: Status.self) {
      _ = try await client.unaryCall(Simple(responseStatus: GrpcTesting.EchoStatus(code: 5)))
    }
    try await rig.until { noting.calls.withLock { $0.count } == 2 }
    let calls = noting.calls.withLock { $0 }
    #expect(calls[0].path == "/grpc.testing.TestService/UnaryCall")
    #expect(calls[0].requestID == "r-17" && calls[0].status.code == .ok)
    #expect(calls[0].received.messages == 1 && calls[0].sent.messages == 1)
    #expect(calls[0].sent.bytes > 1_000 && calls[0].peer.hasPrefix("127.0.0.1:"))
    #expect(calls[1].status.code == .notFound && !calls[1].requestID.isEmpty)
    let text = registry.exposition()
    let method = "method=\"/grpc.testing.TestService/UnaryCall\""
    #expect(text.contains("rpc_server_calls_total{\(method),code=\"OK\"} 1"))
    #expect(text.contains("rpc_server_calls_total{\(method),code=\"NOT_FOUND\"} 1"))
    #expect(text.contains("rpc_server_call_seconds_count{\(method)} 2"))
  }

  @Test func drainWaitsForCallsAndThenEndsThem() async throws {
    let rig = try Rig()
    let connection = try await rig.connect()
    let call = try await connection.open(
      path: "/apus.testing.Probe/HangStream", options: CallOptions())
    try await rig.until { rig.probe.running == 1 }
    await rig.server.drain(grace: .milliseconds(50))
    try await call.arrival()
    let error = #expect(throws: Status.self) { _ = try call.poll { _ in } }
    #expect(error?.code == .unavailable)
    #expect(error?.message == "the server is shutting down")
    #expect(rig.server.connectionCount == 0)
    #expect(rig.server.health.status(of: "") == .notServing)
  }

  @Test func manyCallsFromManyTasks() async throws {
    let rig = try Rig(loops: 2)
    let connections = [try await rig.connect(), try await rig.connect()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          let client = GrpcTesting.TestServiceClient(connections[number % 2])
          let response = try await client.unaryCall(Simple(responseSize: Int32(number * 10)))
          #expect(response.payload?.body.count == number * 10)
        }
      }
      try await group.waitForAll()
    }
    try await rig.until { rig.server.callCount == 0 }
  }
}
