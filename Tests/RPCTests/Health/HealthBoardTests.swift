import Testing

@testable import RPC

@Suite struct HealthMachineTests {
  @Test func tellsOfTheWatchersServiceOnly() {
    var machine = HealthMachine()
    let watcher = machine.watch("a")
    #expect(machine.news(for: watcher) == .status(nil), "the status as it is comes first")
    #expect(machine.news(for: watcher) == nil)
    machine.set("b", .serving)
    #expect(machine.news(for: watcher) == nil)
    machine.set("a", .serving)
    #expect(machine.news(for: watcher) == .status(.serving))
    machine.set("a", .serving)
    #expect(machine.news(for: watcher) == nil, "changes only")
    machine.set("a", nil)
    #expect(machine.news(for: watcher) == .status(nil))
    machine.unwatch(watcher)
    #expect(machine.news(for: watcher) == .over)
  }

  @Test func theLastOfTwoChangesWins() {
    var machine = HealthMachine()
    let first = machine.watch("a")
    let second = machine.watch("a")
    machine.set("a", .serving)
    #expect(machine.news(for: first) == .status(.serving))
    machine.set("a", .notServing)
    // The second asks only now: what it missed can no longer reach it, before or after.
    #expect(machine.news(for: second) == .status(.notServing))
    #expect(machine.news(for: second) == nil)
    #expect(machine.news(for: first) == .status(.notServing))
  }

  @Test func aDrainIsHeardBeforeTheEnd() {
    var machine = HealthMachine()
    machine.set("", .serving)
    let fast = machine.watch("")
    let slow = machine.watch("")
    let unknown = machine.watch("unknown")
    for watcher in [fast, slow, unknown] { _ = machine.news(for: watcher) }
    machine.drain()
    machine.set("", .serving)
    #expect(machine.news(for: fast) == .status(.notServing))
    #expect(machine.news(for: fast) == nil)
    machine.finish()
    machine.drain()
    #expect(machine.news(for: fast) == .over)
    #expect(machine.news(for: slow) == .status(.notServing))
    #expect(machine.news(for: slow) == .over)
    #expect(machine.news(for: unknown) == .over)
    let late = machine.watch("")
    #expect(machine.news(for: late) == .status(.notServing))
    #expect(machine.news(for: late) == .over)
  }
}

@Suite struct HealthBoardTests {
  @Test func whoeverWaitsIsTold() async {
    let board = HealthBoard()
    let watcher = board.watch("a")
    #expect(await board.news(for: watcher) == .status(nil))
    async let next = board.news(for: watcher)
    board.set("a", .serving)
    #expect(await next == .status(.serving))
    async let last = board.news(for: watcher)
    board.drain()
    #expect(await last == .status(.notServing))
    async let end = board.news(for: watcher)
    board.finish()
    #expect(await end == .over)
  }

  @Test func aCancelledTaskStopsWaiting() async {
    let board = HealthBoard()
    let watcher = board.watch("a")
    _ = await board.news(for: watcher)
    let task = Task { await board.news(for: watcher) }
    task.cancel()
    #expect(await task.value == .over)
  }

  @Test func racingChangesEndWithTheLast() async {
    let board = HealthBoard()
    let watchers = (0..<4).map { _ in
      Task {
        let watcher = board.watch("a")
        defer { board.unwatch(watcher) }
        var last: HealthBoard.Status?
        while case .status(let status) = await board.news(for: watcher) { last = status }
        return last
      }
    }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          for step in 0..<500 { board.set("a", (step + number) % 2 == 0 ? .serving : .notServing) }
        }
      }
    }
    board.set("a", .serving)
    board.drain()
    board.finish()
    for watcher in watchers { #expect(await watcher.value == .notServing) }
  }

  @Test func nothingServesWhileDraining() {
    let board = HealthBoard()
    board.set("", .serving)
    board.set("down", .notServing)
    board.drain()
    board.set("", .serving)
    #expect(board.status(of: "") == .notServing)
    #expect(board.status(of: "unknown") == nil)
    #expect(board.all.map(\.service) == ["", "down"])
  }
}
