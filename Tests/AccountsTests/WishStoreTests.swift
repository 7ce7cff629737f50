import Foundation
import SQLite
import Testing

@testable import Accounts

@Suite struct WishStoreTests {
  private static func wishes(_ change: (inout ModelWishes) -> Void) -> ModelWishes {
    var wishes = ModelWishes()
    change(&wishes)
    return wishes
  }

  @Test func wishesAreKeptByModelAndReplaced() throws {
    let store = try SQLiteStore(path: ":memory:")
    #expect(try store.wishes().isEmpty)
    let first = Self.wishes { wishes in
      wishes.labels = [
        "stable": .init(version: 2, share: 0.75), "canary": .init(version: 9, share: 0),
      ]
      wishes.pinned = [2, 4]
      wishes.heldOut = [7]
    }
    let other = Self.wishes { $0.heldOut = [1] }
    try store.keep(first, of: "a")
    try store.keep(other, of: "b")
    #expect(try store.wishes() == ["a": first, "b": other])
    let second = Self.wishes { $0.pinned = [7] }
    try store.keep(second, of: "a")
    #expect(try store.wishes() == ["a": second, "b": other])
    try store.keep(ModelWishes(), of: "b")
    #expect(try store.wishes() == ["a": second])
  }

  @Test func nothingIsWantedOfVersionsThatAreForgotten() {
    var wishes = Self.wishes { wishes in
      wishes.labels = ["a": .init(version: 1, share: 0.5), "b": .init(version: 2, share: 0.5)]
      wishes.pinned = [1, 3]
      wishes.heldOut = [2, 4]
    }
    wishes.forget([1, 2])
    #expect(wishes.labels.isEmpty && wishes.pinned == [3] && wishes.heldOut == [4])
  }

  @Test func whatIsHeldOutIsNotPinned() throws {
    let store = try SQLiteStore(path: ":memory:")
    try store.keep(
      Self.wishes {
        $0.pinned = [1, 2]
        $0.heldOut = [2]
      }, of: "m")
    #expect(
      try store.wishes()["m"]
        == Self.wishes {
          $0.pinned = [1]
          $0.heldOut = [2]
        })
  }

  @Test func aDatabaseOfBeforeTakesThemUp() throws {
    let path = NSTemporaryDirectory() + "apus-\(UUID()).db"
    defer {
      for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }
    let old = Schema(
      applicationID: SQLiteStore.schema.applicationID, steps: [SQLiteStore.schema.steps[0]])
    try Database(path: path).migrate(to: old)
    try SQLiteStore(path: path).keep(Self.wishes { $0.pinned = [3] }, of: "m")
    #expect(try SQLiteStore(path: path).wishes()["m"]?.pinned == [3])
  }
}
