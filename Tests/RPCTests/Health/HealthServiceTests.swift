import Messages
import Testing

@testable import RPC

@Suite struct HealthServiceTests {
  private typealias Request = GrpcHealthV1.HealthCheckRequest

  @Test func namesAreBounded() async throws {
    let rig = try LocalRig()
    let client = GrpcHealthV1.HealthClient(rig.transport)
    let longest = String(repeating: "é", count: 128)
    rig.server.health.set(longest, .serving)
    #expect(try await client.check(Request(service: longest)).status == .serving)
    let watch = try await client.watch(Request(service: longest))
    #expect(try await watch.next()?.status == .serving)
    watch.cancel()

    let longer = Request(service: longest + "s")
    let check = await #expect(throws: Status.self) { _ = try await client.check(longer) }
    let refused = try await client.watch(longer)
    let next = await #expect(throws: Status.self) { _ = try await refused.next() }
    for error in [check, next] {
      #expect(error?.code == .invalidArgument)
      #expect(
        error?.message == "service: a name of 257 bytes is over the limit of 256 bytes")
    }
    try await rig.until { rig.server.callCount == 0 }
  }
}
