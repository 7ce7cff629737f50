import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct WorkThreadTests {
  @Test func workRunsElsewhereInOrderAndErrorsComeBack() async throws {
    let thread = try WorkThread("work", bound: 4)
    #expect(try await thread.run { 7 } == 7)
    await #expect(throws: CancellationError.self) {
      try await thread.run { throw CancellationError() }
    }
    await offThread { thread.finish() }
    await #expect(throws: WorkThread.Refusal.closed) { try await thread.run {} }
  }

  /// One piece at hand holds the thread up, two wait, and of five that come three are refused.
  @Test(arguments: [true, false])
  func whatWaitsIsBoundedAndItsEndChosen(finishes: Bool) async throws {
    let thread = try WorkThread("work", bound: 2)
    let (begun, go) = (Semaphore(), Semaphore())
    async let busy: Void = thread.run {
      begun.signal()
      go.wait()
    }
    await offThread { begun.wait() }
    let outcomes = await withTaskGroup(of: WorkThread.Refusal?.self) { group in
      for _ in 0..<5 { group.addTask { await Self.refusal(of: thread) } }
      var outcomes: [WorkThread.Refusal?] = []
      for await outcome in group {
        outcomes.append(outcome)
        guard outcomes.count == 3 else { continue }
        // Closing waits for the piece at hand, so it is let go on.
        group.addTask {
          async let closing: Void = offThread { finishes ? thread.finish() : thread.stop() }
          while await Self.refusal(of: thread) != .closed { await Task.yield() }
          go.signal()
          await closing
          return .closed
        }
      }
      return outcomes
    }
    try await busy
    #expect(outcomes.filter { $0 == .full }.count == 3)
    // The closing's own, and the two that waited if they were refused.
    #expect(outcomes.filter { $0 == .closed }.count == (finishes ? 1 : 3))
    #expect(outcomes.filter { $0 == nil }.count == (finishes ? 2 : 0))
  }

  private static func refusal(of thread: WorkThread) async -> WorkThread.Refusal? {
    do {
      try await thread.run {}
      return nil
    } catch {
      return error as? WorkThread.Refusal
    }
  }

  @Test func choresRunByThemselves() async throws {
    let done = Semaphore()
    let thread = try WorkThread(
      "work", bound: 1, chore: WorkThread.Chore(every: .milliseconds(1)) { done.signal() })
    await offThread {
      done.wait()
      done.wait()
      thread.finish()
    }
  }
}
