import Foundation
import Testing
import Threads

@Suite(.timeLimit(.minutes(1))) struct ThreadExecutorTests {
  private actor Pinned {
    private let executor: ThreadExecutor
    private(set) var seen: [Int] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

    init() throws { executor = try ThreadExecutor("test") }

    /// Not `pthread_self`, whose value the optimizer takes to be the same after a change of
    /// threads.
    func thread() -> String {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")) ?? ""
    }
    func add(_ number: Int) { seen.append(number) }
  }

  @Test func anActorStaysOnItsThread() async throws {
    let pinned = try Pinned()
    let other = try Pinned()
    let thread = await pinned.thread()
    #expect(thread.contains("/task/"))
    #expect(await other.thread() != thread)
    await withTaskGroup { group in
      for number in 0..<100 {
        group.addTask {
          await pinned.add(number)
          #expect(await pinned.thread() == thread)
        }
      }
    }
    #expect(await pinned.seen.sorted() == Array(0..<100))
  }

  /// The last reference to the actor may go away in a job of its own thread.
  @Test func itEndsWithItsActor() async throws {
    for _ in 0..<50 {
      let pinned = try Pinned()
      Task.detached { await pinned.add(1) }
    }
  }
}
