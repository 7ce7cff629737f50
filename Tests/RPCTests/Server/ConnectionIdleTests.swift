import EventLoop
import Testing

@testable import RPC
@testable import rpc_testserver

/// The limit as a whole, on a clock that stands still until it is moved.
@Suite struct ConnectionIdleTests {
  @Test func anIdleConnectionIsAskedToLeaveAndOneWithACallIsNot() async throws {
    let clock = FakeClock()
    let rig = try Rig(clock: clock) { $0.limits.connectionIdle = .seconds(60) }
    let busy = try SilentClient(port: rig.address.port)
    defer { busy.close() }
    busy.call("/apus.testing.Probe/HangStream", message: [1])
    try await rig.until { rig.probe.running == 1 }
    let idle = try SilentClient(port: rig.address.port)
    defer { idle.close() }
    idle.call("/apus.testing.Probe/Echo", message: [1])
    var heard = ""
    func hears(_ word: String) -> Bool {
      heard += idle.readAvailable() ?? "(end)"
      return heard.contains(word)
    }
    try await rig.until { hears("\0\0\0\0\u{1}\u{1}") }
    try await rig.until { rig.server.callCount == 1 }

    clock.advance(by: .seconds(59))
    try await rig.turn()
    #expect(!hears("1nrdsupa") && rig.server.connectionCount == 2)
    clock.advance(by: .seconds(1))
    // The PING behind the notice, which this client does not answer.
    try await rig.until { hears("1nrdsupa") }
    clock.advance(by: .seconds(1))
    try await rig.until { hears("idle") && hears("(end)") }
    // Nor does it close its socket.
    clock.advance(by: .seconds(5))
    try await rig.until { rig.server.connectionCount == 1 }
    clock.advance(by: .seconds(3_600))
    try await rig.turn()
    #expect(rig.server.connectionCount == 1 && rig.probe.running == 1)
  }

  @Test func aClientThatReadsNothingIsGivenUp() async throws {
    let clock = FakeClock()
    let rig = try Rig(clock: clock) { $0.limits.connectionIdle = .seconds(60) }
    let client = try SilentClient(port: rig.address.port)
    defer { client.close() }
    client.call("/apus.testing.Probe/Echo", message: [1])
    var heard = ""
    try await rig.until {
      heard += client.readAvailable() ?? ""
      return heard.contains("\0\0\0\0\u{1}\u{1}")
    }
    try await rig.until { rig.server.callCount == 0 }
    for seconds in [60, 1, 5, 5] as [Int64] {
      clock.advance(by: .seconds(seconds))
      try await rig.turn()
    }
    try await rig.until { rig.server.connectionCount == 0 }
  }
}
