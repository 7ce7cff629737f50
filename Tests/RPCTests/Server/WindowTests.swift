import Messages
import TestMessages
import Testing

@testable import RPC

private typealias Simple = GrpcTesting.SimpleRequest

/// Every call below moves a quarter of a connection's window: what a few did not give back would
/// stop the next.
@Suite struct WindowTests {
  private static let window = 64 << 10
  private static let size = window / 4
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
      _ = try call.send { $0(Self.size).initializeMemory(as: UInt8.self, repeating: 0xff) }
      call.finish()
      let error = await #expect(throws: Status.self) {
        try await call.arrival()
        _ = try call.poll { _ in }
      }
      try #require(error?.code == .internal)
    }
  }
}
