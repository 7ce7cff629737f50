internal import Synchronization

/// Bytes of messages that wait on one connection, in both directions; shared by its calls.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic(0)

  init(limit: Int) { self.limit = limit }

  var isExceeded: Bool { used.load(ordering: .relaxed) > limit }

  func take(_ count: Int) { used.wrappingAdd(count, ordering: .relaxed) }
  func giveBack(_ count: Int) { used.wrappingSubtract(count, ordering: .relaxed) }

  var bytes: Int { used.load(ordering: .relaxed) }
}
