import Foundation
import Messages
import TestSupport
import Testing

@testable import Serving

@Suite struct SideThreadTests {
  /// Keeps the thread at work until it is opened.
  private final class Gate: Sendable {
    private let isEntered = DispatchSemaphore(value: 0)
    private let isOpen = DispatchSemaphore(value: 0)
    func enter() { isEntered.signal() }
    func pass() {
      enter()
      isOpen.wait()
    }
    /// Waits, on a thread that may be blocked, until the work has begun.
    func waitUntilEntered() async {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          self.isEntered.wait()
          continuation.resume()
        }
      }
    }
    func open() { isOpen.signal() }
  }

  @Test func workRunsElsewhereAndInOrder() async throws {
    let thread = try SideThread(limit: 4)
    let first = try await thread.run { _ in pthread_self() }
    let second = try await thread.run { _ in pthread_self() }
    #expect(first == second && first != pthread_self())
    await #expect(throws: Status.self) {
      try await thread.run { _ in throw Status(.invalidArgument, "no") }
    }
    thread.stop()
  }

  @Test func whatIsTooMuchIsRefusedWithAdvice() async throws {
    let thread = try SideThread(limit: 2)
    let gate = Gate()
    async let busy = thread.run { _ in gate.pass() }
    await gate.waitUntilEntered()
    // Two may wait, whichever of these come first; the third is refused.
    try await withThrowingTaskGroup(of: Status?.self) { group in
      for _ in 0..<3 {
        group.addTask {
          do {
            try await thread.run { _ in }
            return nil
          } catch let status as Status {
            gate.open()
            return status
          }
        }
      }
      let refusals: [Status] = try await group.reduce(into: []) { refused, status in
        if let status { refused.append(status) }
      }
      #expect(refusals.count == 1)
      #expect(refusals.first?.code == .resourceExhausted)
      let words = "2 requests with long texts, large tensors or many rows wait already"
      #expect(refusals.first?.message.contains(words) == true)
      #expect(refusals.first?.metadata["grpc-retry-pushback-ms"] == "100")
    }
    try await busy
    thread.stop()
  }

  @Test func whoeverIsCancelledLosesItsTurn() async throws {
    let thread = try SideThread(limit: 2)
    let gate = Gate()
    async let busy = thread.run { _ in gate.pass() }
    await gate.waitUntilEntered()
    let waiting = Task { try await thread.run { _ in Issue.record("nobody wants this any more") } }
    waiting.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    try await busy
    thread.stop()
  }

  @Test func stoppingRefusesWhatComesLater() async throws {
    let thread = try SideThread(limit: 1)
    thread.stop()
    let refusal = await #expect(throws: Status.self) { try await thread.run { _ in true } }
    #expect(refusal?.code == .unavailable)
  }

  /// Works until it is told that nobody waits.
  private struct Endless {
    let entered: Gate
    @Sendable func callAsFunction(_ cancellation: SideThread.Cancellation) throws -> Int {
      entered.enter()
      while !cancellation.isRequested { usleep(1_000) }
      throw Status(.invalidArgument, "broken off")
    }
  }

  @Test func workBreaksOffWhenItsCallerHasGone() async throws {
    let thread = try SideThread(limit: 2)
    let gate = Gate()
    let endless = Endless(entered: gate)
    let call = Task { try await thread.run { try endless($0) } }
    await gate.waitUntilEntered()
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    #expect(try await thread.run { _ in true })
    thread.stop()
  }

  @Test func stoppingBreaksOffTheWorkAtHand() async throws {
    let thread = try SideThread(limit: 2)
    let gate = Gate()
    let endless = Endless(entered: gate)
    let call = Task { try await thread.run { try endless($0) } }
    await gate.waitUntilEntered()
    #expect(await offThread { thread.stop(patience: .seconds(60)) } == true)
    let refusal = await #expect(throws: Status.self) { try await call.value }
    #expect(refusal?.code == .unavailable)
  }

  /// Of work that does not look, `stop` does not wait for the end.
  @Test func stoppingHasAnEnd() async throws {
    let thread = try SideThread(limit: 2)
    let gate = Gate()
    let call = Task { try await thread.run { _ in gate.pass() } }
    await gate.waitUntilEntered()
    #expect(!thread.stop(patience: .zero))
    gate.open()
    try await call.value
  }
}
