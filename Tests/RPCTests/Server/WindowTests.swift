import Messages
import TestMessages
import Testing

@testable import RPC
@testable import rpc_testserver

private typealias Simple = GrpcTesting.SimpleRequest

/// Every call below moves an eighth of a connection's window, in one frame: what a few did not give
/// back would stop the next.
@Suite struct WindowTests {
  private static let window = 64 << 10
  private static let size = window / 8
  private let options = CallOptions(timeout: .seconds(20))

  private struct Refusing: Interceptor {
    func intercept(
      _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
    ) async throws { throw Status(.permissionDenied, "not for you") }
  }

  @Test func refusedCallsGiveTheConnectionItsWindowBack() async throws {
    let rig = try Rig {
      $0.interceptors = [Refusing()]
      $0.limits.connectionWindow = Self.window
    }
    let client = GrpcTesting.TestServiceClient(try await rig.connect())
    let body = GrpcTesting.Payload(body: Array(repeating: 0, count: Self.size))
    for _ in 0..<20 {
      let error = await #expect(throws: Status.self) {
        _ = try await client.unaryCall(Simple(payload: body), options: options)
      }
      try #require(error?.code == .permissionDenied)
    }
  }

  @Test func requestsThatDoNotParseGiveTheConnectionItsWindowBack() async throws {
    let rig = try Rig { $0.limits.connectionWindow = Self.window }
    let connection = try await rig.connect()
    for _ in 0..<20 {
      let call = try await connection.open(
        path: "/grpc.testing.TestService/UnaryCall", options: options)
      _ = try call.send(RawMessage(Array(repeating: 0xff, count: Self.size)))
      call.finish()
      let error = await #expect(throws: Status.self) {
        try await call.arrival()
        _ = try call.poll { _ in }
      }
      try #require(error?.code == .internal)
    }
  }

  @Test func answersReadAfterTheirStreamGiveTheConnectionItsWindowBack() async throws {
    let rig = try Rig()
    let client = GrpcTesting.TestServiceClient(
      try await rig.connect { $0.connectionWindow = Self.window })
    for _ in 0..<50 {
      let answer = try await client.unaryCall(
        Simple(responseSize: Int32(Self.size)), options: options)
      #expect(answer.payload?.body.count == Self.size)
    }
  }

  @Test func answersThatNobodyReadsGiveTheirMemoryBack() async throws {
    let rig = try Rig()
    let connection = try await rig.connect { $0.memory = 4 * Self.size }
    for _ in 0..<20 {
      let call = try await connection.open(path: "/apus.testing.Probe/Echo", options: options)
      _ = try call.send(RawMessage(Array(repeating: 0, count: Self.size)))
      call.finish()
      try await call.arrival()
    }
    let client = GrpcTesting.TestServiceClient(connection)
    let answer = try await client.unaryCall(
      Simple(responseSize: Int32(Self.size)), options: options)
    #expect(answer.payload?.body.count == Self.size)
  }
}
