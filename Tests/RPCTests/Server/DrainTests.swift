import EventLoop
import Synchronization
import Testing

@testable import RPC
@testable import rpc_testserver

/// The drain as a whole, on a clock that stands still until it is moved.
@Suite struct DrainTests {
  @Test func aClientThatNeverReadsIsGivenUpWithTheGrace() async throws {
    let clock = FakeClock()
    let rig = try Rig(clock: clock)
    let client = try SilentClient(port: rig.address.port)
    defer { client.close() }
    client.call("/apus.testing.Probe/Flood", message: Array("100000 1000".utf8))
    try await rig.until { rig.probe.running == 1 }
    let task = Task { await rig.server.drain(grace: .seconds(30)) }
    try await rig.until { rig.server.core.phase == .draining }

    clock.advance(by: .seconds(28))
    try await rig.turn()
    #expect(rig.server.core.phase == .draining && rig.probe.running == 1)
    // The last moment of the grace is for telling those who are cut off.
    clock.advance(by: .seconds(1))
    try await rig.turn()
    #expect(rig.server.core.phase == .ending)
    try await rig.until { rig.probe.running == 0 }
    #expect(rig.server.connectionCount == 1)
    clock.advance(by: .seconds(1))
    try await rig.until { rig.server.connectionCount == 0 }
    await task.value
  }

  @Test func aConnectionThatWasClosingAlreadyIsGivenUpToo() async throws {
    let clock = FakeClock()
    let rig = try Rig(clock: clock) { $0.limits.handshakeTimeout = .seconds(3_600) }
    // It has said nothing, so it is closed at once; but it does not close its own side, and would
    // be waited for longer than the grace.
    let client = try SilentClient(port: rig.address.port)
    defer { client.close() }
    try await rig.until { rig.server.connectionCount == 1 }
    let task = Task { await rig.server.drain(grace: .seconds(1)) }
    // Closed from the server's side, before the grace is over.
    try await rig.until { client.readAvailable() == nil }
    clock.advance(by: .seconds(1))
    try await rig.until { rig.server.connectionCount == 0 }
    await task.value
  }

  @Test func aClientThatNeverClosesItsSocketIsWaitedForAMoment() async throws {
    let clock = FakeClock()
    let rig = try Rig(clock: clock)
    let client = try SilentClient(port: rig.address.port)
    defer { client.close() }
    client.call("/apus.testing.Probe/Echo", message: [1])
    var heard = ""
    func hears(_ word: String) -> Bool {
      heard += client.readAvailable() ?? "(end)"
      return heard.contains(word)
    }
    try await rig.until { hears("\0\0\0\0\u{1}\u{1}") }
    let task = Task { await rig.server.drain(grace: .seconds(600)) }
    // The PING behind the notice, which this client does not answer.
    try await rig.until { hears("1nrdsupa") }
    clock.advance(by: .seconds(1))
    try await rig.until { hears("drain") && hears("(end)") }
    try await rig.turn()
    #expect(rig.server.connectionCount == 1)
    // The client's kernel may take a moment to say that it has the words.
    try await rig.until {
      clock.advance(by: .milliseconds(1))
      return rig.server.connectionCount == 0
    }
    await task.value
    #expect(clock.now < LoopInstant(nanoseconds: 500_000_000_000))
  }

  @Test func withoutGraceEverybodyIsToldOnce() async throws {
    let rig = try Rig(clock: FakeClock())
    let client = try SilentClient(port: rig.address.port)
    defer { client.close() }
    client.call("/apus.testing.Probe/HangStream", message: [1])
    try await rig.until { rig.probe.running == 1 }
    await rig.server.drain(grace: .zero)
    #expect(rig.server.connectionCount == 0)
    // The GOAWAY's words; the status before it is compressed.
    #expect(String(decoding: client.readToEnd(), as: UTF8.self).contains("shutdown"))
  }
}

/// A clock that tests move.
final class FakeClock: Sendable {
  private let nanoseconds = Atomic<UInt64>(1_000)
  var now: LoopInstant { LoopInstant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
  func advance(by duration: Duration) {
    nanoseconds.wrappingAdd(UInt64(duration.saturatingNanoseconds), ordering: .relaxed)
  }
}
