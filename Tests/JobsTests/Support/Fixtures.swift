import Jobs
import Synchronization
import Time

let start = UnixTime(seconds: 1_800_000_000)

extension UnixTime {
  func after(_ seconds: Int64) -> UnixTime { advanced(by: .seconds(seconds)) }
}

extension NewJob {
  static func plain(_ owner: String = "alice", _ text: String = "work", key: String? = nil)
    -> NewJob
  {
    NewJob(owner: owner, kind: "echo", payload: Array(text.utf8), idempotencyKey: key)
  }
}

/// What somebody saw, for whoever waits for it.
final class Sightings<Item: Sendable>: Sendable {
  private let items = Mutex<[Item]>([])

  func add(_ item: Item) { items.withLock { $0.append(item) } }
  var all: [Item] { items.withLock { $0 } }
}

/// Waits until a condition that is certain to come has come, letting everybody else on between two
/// looks; tests bound the whole by `timeLimit`.
func until(_ condition: () async throws -> Bool) async rethrows {
  while try await !condition() { await Task.yield() }
}
