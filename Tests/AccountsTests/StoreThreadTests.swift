import Accounts
import TestSupport
import Testing
import Threads
import Time

@Suite struct StoreThreadTests {
  @Test func callsAreAwaitedAndErrorsComeBack() async throws {
    let thread = try StoreThread(store: SQLiteStore(path: ":memory:"))
    let day = CalendarDay(number: 20_000)
    let report = try await thread.perform { store in
      try store.write(UsageBatch(records: [.test(time: day.start)]))
      return try store.report(UsageQuery(key: nil, days: day...day))
    }
    #expect(report.total.requests == 1)
    await #expect(throws: StoreError(.unusable, "mine")) {
      try await thread.perform { _ in throw StoreError(.unusable, "mine") }
    }
    thread.close()
    await #expect(throws: StoreError(.unavailable, "the server is shutting down")) {
      try await thread.perform { _ in }
    }
  }

  @Test func tooManyCallsAreRefused() async throws {
    let thread = try StoreThread(store: SQLiteStore(path: ":memory:"), bound: 2)
    let begun = Semaphore()
    let go = Semaphore()
    async let first: Void = thread.perform { _ in
      begun.signal()
      go.wait()
    }
    await offThread { begun.wait() }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<5 {
        group.addTask {
          do {
            try await thread.perform { _ in }
            return true
          } catch { return false }
        }
      }
      var refused = 0
      for await didRun in group {
        if !didRun { refused += 1 }
        if refused == 3 { go.signal() }
      }
      #expect(refused == 3)
    }
    try await first
    thread.close()
  }

  @Test func choresRunByThemselves() async throws {
    let done = Semaphore()
    let thread = try StoreThread(
      store: SQLiteStore(path: ":memory:"), period: .milliseconds(1)
    ) { store in
      try? store.maintain()
      done.signal()
    }
    await offThread {
      done.wait()
      done.wait()
    }
    thread.close()
  }
}
