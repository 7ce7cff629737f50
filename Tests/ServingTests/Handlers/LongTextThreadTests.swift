import Foundation
import Messages
import Testing

@testable import Serving

@Suite struct LongTextThreadTests {
  /// Keeps the thread at work until it is opened.
  private final class Gate: Sendable {
    private let isEntered = DispatchSemaphore(value: 0)
    private let isOpen = DispatchSemaphore(value: 0)
    func pass() {
      isEntered.signal()
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
    let thread = try LongTextThread(limit: 4)
    let first = try await thread.run { pthread_self() }
    let second = try await thread.run { pthread_self() }
    #expect(first == second && first != pthread_self())
    await #expect(throws: Status.self) {
      try await thread.run { throw Status(.invalidArgument, "no") }
    }
    thread.stop()
  }

  @Test func whatIsTooMuchIsRefusedWithAdvice() async throws {
    let thread = try LongTextThread(limit: 2)
    let gate = Gate()
    async let busy = thread.run { gate.pass() }
    await gate.waitUntilEntered()
    // Two may wait, whichever of these come first; the third is refused.
    try await withThrowingTaskGroup(of: Status?.self) { group in
      for _ in 0..<3 {
        group.addTask {
          do {
            try await thread.run {}
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
      #expect(refusals.first?.message.contains("2 requests with long texts wait already") == true)
      #expect(refusals.first?.metadata["grpc-retry-pushback-ms"] == "100")
    }
    try await busy
    thread.stop()
  }

  @Test func whoeverIsCancelledLosesItsTurn() async throws {
    let thread = try LongTextThread(limit: 2)
    let gate = Gate()
    async let busy = thread.run { gate.pass() }
    await gate.waitUntilEntered()
    let waiting = Task { try await thread.run { Issue.record("nobody wants this any more") } }
    waiting.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    try await busy
    thread.stop()
  }

  @Test func stoppingRefusesWhatComesLater() async throws {
    let thread = try LongTextThread(limit: 1)
    thread.stop()
    let refusal = await #expect(throws: Status.self) { try await thread.run { true } }
    #expect(refusal?.code == .unavailable)
  }
}
