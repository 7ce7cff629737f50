import EventLoop
import Messages
import Metrics
import Synchronization
import TestMessages
import Testing

@testable import RPC
@testable import rpc_testserver

/// A server whose methods are called without a wire.
final class LocalRig: Sendable {
  let group: EventLoopGroup
  let server: Server
  let probe = ProbeService()
  let transport: LocalTransport

  init(_ change: (inout ServerOptions) -> Void = { _ in }) throws {
    group = try EventLoopGroup(count: 1)
    var options = ServerOptions()
    change(&options)
    server = Server(services: [InteropService(), probe], options: options, group: group)
    probe.attach(server)
    transport = server.localTransport(on: group.loops[0], peer: "test:1")
  }

  deinit { group.shutdown() }

  var client: GrpcTesting.TestServiceClient { GrpcTesting.TestServiceClient(transport) }

  func until(_ condition: () -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(120))
    while !condition() {
      try #require(ContinuousClock.now < end, "what was waited for did not come")
      await Task.yield()
    }
  }
}

private typealias Simple = GrpcTesting.SimpleRequest
private typealias Output = GrpcTesting.StreamingOutputCallRequest
private typealias Parameters = GrpcTesting.ResponseParameters

@Suite struct LocalTransportTests {
  @Test func callsOfAllFourShapes() async throws {
    let rig = try LocalRig()
    let client = rig.client
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

  @Test func unaryCallIsOverWithoutSuspendingOnItsLoop() async throws {
    let rig = try LocalRig()
    let loop = rig.group.loops[0]
    let before = loop.turnCount
    let turns = try await Task(executorPreference: loop) {
      let start = loop.turnCount
      for _ in 0..<100 { _ = try await rig.client.unaryCall(Simple(responseSize: 1)) }
      return loop.turnCount - start
    }.value
    #expect(before <= loop.turnCount && turns == 0, "no call waited for another turn")
  }

  @Test func statusesComeThroughWithMetadata() async throws {
    let rig = try LocalRig()
    let error = await #expect(throws: Status.self) {
      _ = try await rig.client.unaryCall(
        Simple(responseStatus: GrpcTesting.EchoStatus(code: 9, message: "no")))
    }
    #expect(error?.code == .failedPrecondition && error?.message == "no")
    var metadata = Metadata()
    metadata.append("x-grpc-test-echo-initial", "hello")
    metadata.append("x-grpc-test-echo-trailing-bin", binary: [0, 171, 255])
    let call = try await rig.client.streamingOutputCall(
      Output(responseParameters: [Parameters(size: 1)]), options: CallOptions(metadata: metadata))
    while try await call.next() != nil {}
    #expect(call.initialMetadata["x-grpc-test-echo-initial"] == "hello")
    #expect(call.trailingMetadata[binary: "x-grpc-test-echo-trailing-bin"] == [0, 171, 255])
  }

  @Test func failuresCarryTheCallsID() async throws {
    let rig = try LocalRig()
    for given in ["mine", nil] {
      let options = CallOptions(metadata: given.map { ["x-request-id": $0] } ?? [:])
      let error = await #expect(throws: Status.self) {
        _ = try await rig.client.unaryCall(
          Simple(responseStatus: GrpcTesting.EchoStatus(code: 9, message: "no")), options: options)
      }
      let id = error?.metadata["x-request-id"]
      #expect(id != nil && (given == nil || id == given))
    }
  }

  @Test func causesStayWithTheServer() async throws {
    let causes = Mutex<[Bool]>([])
    struct Observer: CallObserver {
      let seen: @Sendable (EndedCall) -> Void
      func callEnded(_ call: EndedCall) { seen(call) }
    }
    let rig = try LocalRig {
      $0.observer = Observer { call in causes.withLock { $0.append(call.status.cause != nil) } }
    }
    let call = try await rig.transport.open(
      path: "/apus.testing.Probe/Throw", options: CallOptions())
    _ = try call.send(RawMessage())
    call.finish()
    let error = await #expect(throws: Status.self) { try await read(call) }
    #expect(error?.code == .unknown && error?.cause == nil)
    try await rig.until { causes.withLock { $0.count } == 1 }
    #expect(causes.withLock { $0 } == [true], "the log learns what was thrown")
  }

  @Test func interceptorsAndObserversSeeTheCall() async throws {
    struct Seen: Interceptor {
      let paths: @Sendable (String) -> Void
      func intercept(
        _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
      ) async throws {
        paths("\(method.path) of \(context.peer) with \(context.metadata["x-key"] ?? "none")")
        if context.metadata["x-key"] == "bad" { throw Status(.unauthenticated, "no") }
        try await next()
      }
    }
    let registry = Registry()
    let paths = Mutex<[String]>([])
    let rig = try LocalRig {
      $0.interceptors = [Seen { path in paths.withLock { $0.append(path) } }]
      $0.registry = registry
    }
    _ = try await rig.client.emptyCall(
      GrpcTesting.Empty(), options: CallOptions(metadata: ["x-key": "good"]))
    let error = await #expect(throws: Status.self) {
      _ = try await rig.client.emptyCall(
        GrpcTesting.Empty(), options: CallOptions(metadata: ["x-key": "bad"]))
    }
    #expect(error?.code == .unauthenticated)
    #expect(
      paths.withLock { $0 } == [
        "/grpc.testing.TestService/EmptyCall of test:1 with good",
        "/grpc.testing.TestService/EmptyCall of test:1 with bad",
      ])
    try await rig.until { rig.server.callCount == 0 }
    let text = registry.exposition()
    #expect(
      text.contains(
        #"rpc_server_calls_total{method="/grpc.testing.TestService/EmptyCall","#
          + #"code="UNAUTHENTICATED"} 1"#))
  }

  @Test func deadlinesEndCalls() async throws {
    let rig = try LocalRig()
    // One may pass before the handler begins: then a longer one is tried.
    var timeout = Duration.milliseconds(20)
    while rig.probe.cancelled == 0 {
      let options = CallOptions(timeout: timeout)
      let error = await #expect(throws: Status.self) {
        let call = try await rig.transport.open(
          path: "/apus.testing.Probe/HangStream", options: options)
        _ = try await read(call)
      }
      #expect(error?.code == .deadlineExceeded)
      try await rig.until { rig.server.callCount == 0 }
      timeout *= 2
    }

    let past = await #expect(throws: Status.self) {
      _ = try await rig.client.emptyCall(GrpcTesting.Empty(), options: CallOptions(timeout: .zero))
    }
    #expect(past?.code == .deadlineExceeded)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func cancellingReachesTheHandler() async throws {
    let rig = try LocalRig()
    let call = try await rig.transport.open(
      path: "/apus.testing.Probe/HangStream", options: CallOptions())
    try await rig.until { rig.probe.running == 1 }
    call.cancel()
    let error = await #expect(throws: Status.self) { try await read(call) }
    #expect(error?.code == .cancelled)
    try await rig.until { rig.probe.cancelled == 1 && rig.server.callCount == 0 }
  }

  @Test func aCallThatIsLetGoIsCancelled() async throws {
    let rig = try LocalRig()
    for _ in 0..<10 {
      _ = try await rig.transport.open(
        path: "/apus.testing.Probe/HangStream", options: CallOptions())
    }
    try await rig.until { rig.probe.cancelled == 10 && rig.server.callCount == 0 }
  }

  @Test func aHandlerThatCannotBeCancelledKeepsNobodyWaiting() async throws {
    let rig = try LocalRig()
    let call = try await rig.transport.open(
      path: "/apus.testing.Probe/Deaf", options: CallOptions())
    _ = try call.send(RawMessage())
    call.finish()
    try await rig.until { rig.probe.running == 1 }
    call.cancel()
    await #expect(throws: Status.self) { try await read(call) }
    #expect(rig.server.callCount == 1, "the handler still counts")
    let release = try await rig.transport.open(
      path: "/apus.testing.Probe/Release", options: CallOptions())
    _ = try release.send(RawMessage())
    release.finish()
    try await rig.until { rig.probe.running == 0 && rig.server.callCount == 0 }
  }

  @Test func aSlowReaderHoldsTheHandlerUp() async throws {
    let rig = try LocalRig()
    let call = try await rig.transport.open(
      path: "/apus.testing.Probe/Flood", options: CallOptions())
    let order = Array("1000 1024".utf8)
    _ = try call.send(RawMessage(order))
    call.finish()
    try await rig.until { rig.probe.sent > 0 }
    // The handler is suspended now: it goes on only when somebody reads.
    let ahead = rig.probe.sent
    #expect(ahead < 40, "about 16 KiB ahead, not all of it")
    #expect(try await read(call) == 1000)
    #expect(rig.probe.sent == 1000)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func limitsHold() async throws {
    let rig = try LocalRig {
      $0.limits.messageSize = 1000
      $0.limits.calls = 2
    }
    let large = await #expect(throws: Status.self) {
      _ = try await rig.client.unaryCall(
        Simple(payload: GrpcTesting.Payload(body: Array(repeating: 0, count: 2000))))
    }
    #expect(large?.code == .resourceExhausted)
    #expect(large?.message.contains("limit of 1000") == true)
    try await rig.until { rig.server.callCount == 0 }

    let calls = [
      try await rig.transport.open(path: "/apus.testing.Probe/HangStream", options: CallOptions()),
      try await rig.transport.open(path: "/apus.testing.Probe/HangStream", options: CallOptions()),
    ]
    let refused = await #expect(throws: Status.self) {
      _ = try await rig.transport.open(path: "/apus.testing.Probe/Echo", options: CallOptions())
    }
    #expect(refused?.code == .unavailable)
    for call in calls { call.cancel() }
    try await rig.until { rig.server.callCount == 0 }
    let unknown = await #expect(throws: Status.self) {
      _ = try await rig.transport.open(path: "/a.B/C", options: CallOptions())
    }
    #expect(unknown?.code == .unimplemented)
  }

  @Test func anAnswerThatNobodyReadsIsGivenBackWithItsCall() async throws {
    let rig = try LocalRig()
    // Each fits the queue, so that its handler does not wait and the call is over.
    for _ in 0..<100 {
      let call = try await rig.transport.open(
        path: "/apus.testing.Probe/Echo", options: CallOptions())
      _ = try call.send(RawMessage(Array(repeating: 0, count: 10_000)))
      call.finish()
      try await call.arrival()
    }
    try await rig.until { rig.server.core.memory.bytes == 0 }
  }

  @Test func messagesMayComeFromAnyThread() async throws {
    let rig = try LocalRig()
    let call = try await rig.transport.open(
      path: "/apus.testing.Probe/OffLoop", options: CallOptions())
    let order = Array("4000 100".utf8)
    _ = try call.send(RawMessage(order))
    call.finish()
    #expect(try await read(call) == 4000)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func severalMessagesOnAUnaryCallAreRefused() async throws {
    let rig = try LocalRig()
    for count in [0, 2] {
      let call = try await rig.transport.open(
        path: "/apus.testing.Probe/Echo", options: CallOptions())
      for _ in 0..<count { _ = try? call.send(RawMessage()) }
      call.finish()
      let error = await #expect(throws: Status.self) { try await read(call) }
      #expect(error?.code == .unimplemented)
    }
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func messagesOfAnotherTypeAreDecoded() async throws {
    let rig = try LocalRig()
    let path = "/grpc.testing.TestService/UnaryCall"
    let call = try await rig.transport.open(path: path, options: CallOptions())
    _ = try call.send(RawMessage(Simple(responseSize: 5).encoded()))
    call.finish()
    try await call.arrival()
    var answer: [UInt8] = []
    #expect(try call.poll { answer = $0.raw } == .message)
    #expect(try GrpcTesting.SimpleResponse(answer).payload?.body.count == 5)

    let broken = try await rig.transport.open(path: path, options: CallOptions())
    _ = try broken.send(RawMessage([0xff]))
    broken.finish()
    let error = await #expect(throws: Status.self) { try await read(broken) }
    #expect(error?.code == .internal)
    try await rig.until { rig.server.callCount == 0 }
  }

  @Test func onceTheServerEndsCallsAreUnavailable() async throws {
    let rig = try LocalRig()
    rig.server.core.advance(to: .draining)
    _ = try await rig.client.emptyCall(GrpcTesting.Empty())
    rig.server.core.advance(to: .ending)
    // Late, as with a grace of nothing: the end stands.
    rig.server.core.advance(to: .draining)
    let error = await #expect(throws: Status.self) {
      _ = try await rig.client.emptyCall(GrpcTesting.Empty())
    }
    #expect(error?.code == .unavailable)
  }

  /// Reads to the end, and says how many messages came.
  @discardableResult
  private func read(_ call: any ClientCall) async throws -> Int {
    var count = 0
    while true {
      switch try call.poll({ _ in }) {
      case .message: count += 1
      case .end: return count
      case .pending: try await call.arrival()
      }
    }
  }
}
