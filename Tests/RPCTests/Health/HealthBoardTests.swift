import Synchronization
import Testing

@testable import RPC

@Suite struct HealthBoardTests {
  final class Seen: Sendable {
    let all = Mutex<[HealthBoard.Status?]>([])
    var now: [HealthBoard.Status?] { all.withLock { $0 } }
  }

  @Test func tellsWatchersOfTheirServiceOnly() {
    let board = HealthBoard()
    let seen = Seen()
    let number = board.watch("a") { status in seen.all.withLock { $0.append(status) } }
    #expect(seen.now == [nil], "the status as it is comes first")
    board.set("a", .serving)
    board.set("a", .serving)
    board.set("b", .serving)
    board.set("a", .notServing)
    board.remove("a")
    #expect(seen.now == [nil, .serving, .notServing, nil], "changes only")
    board.unwatch(number)
    board.set("a", .serving)
    #expect(seen.now.count == 4)
  }

  @Test func nothingServesWhileDraining() {
    let board = HealthBoard()
    board.set("", .serving)
    board.set("down", .notServing)
    let seen = Seen()
    _ = board.watch("") { status in seen.all.withLock { $0.append(status) } }
    board.drain()
    board.set("", .serving)
    #expect(seen.now == [.serving, .notServing])
    #expect(board.status(of: "") == .notServing)
    #expect(board.status(of: "unknown") == nil)
    #expect(board.all.map(\.service) == ["", "down"])
  }
}
