internal import Messages
internal import Synchronization

/// Bytes of messages that wait on one connection, in both directions; shared by its calls.
///
/// The whole of all connections is kept in steps of 1 MiB, so that a call costs no cache line that
/// all cores share.
final class MemoryBudget: Sendable {
  private static let step = 20

  let limit: Int
  private let used = Atomic(0)
  private let total: MemoryTotal?

  init(limit: Int, total: MemoryTotal? = nil) {
    self.limit = limit
    self.total = total
  }

  /// What is passed, as a call's end says it; nil while nothing is.
  var excess: Status? {
    if used.load(ordering: .relaxed) > limit {
      return Status(
        .resourceExhausted,
        "messages waiting on this connection pass the limit of \(limit) bytes "
          + "(\(Limit.memoryPerConnection.rawValue))",
        cause: Limit.memoryPerConnection)
    }
    guard let total, total.isExceeded else { return nil }
    return Status(
      .resourceExhausted,
      "messages waiting on all connections pass the limit of \(total.limit) bytes "
        + "(\(Limit.memory.rawValue))",
      cause: Limit.memory)
  }

  /// The end of a sender that does not wait when it is asked to; nil below twice the limit.
  var doubleExcess: Status? {
    guard used.load(ordering: .relaxed) > 2 * limit else { return nil }
    return Status(
      .resourceExhausted,
      "messages waiting on this connection pass twice the limit of \(limit) bytes "
        + "(\(Limit.memoryPerConnection.rawValue)): wait until those sent are gone",
      cause: Limit.memoryPerConnection)
  }

  var isExceeded: Bool {
    used.load(ordering: .relaxed) > limit || total.map { $0.isExceeded } ?? false
  }

  func take(_ count: Int) {
    let (old, new) = used.wrappingAdd(count, ordering: .relaxed)
    report(old, new)
  }

  func giveBack(_ count: Int) {
    guard count > 0 else { return }
    let (old, new) = used.wrappingSubtract(count, ordering: .relaxed)
    report(old, new)
  }

  var bytes: Int { used.load(ordering: .relaxed) }

  private func report(_ old: Int, _ new: Int) {
    let steps = (new >> Self.step) - (old >> Self.step)
    if steps != 0 { total?.add(steps << Self.step) }
  }
}

/// Bytes of messages that wait on all connections of a server.
final class MemoryTotal: Sendable {
  let limit: Int
  private let used = Atomic(0)

  init(limit: Int) { self.limit = limit }

  var isExceeded: Bool { used.load(ordering: .relaxed) > limit }
  var bytes: Int { used.load(ordering: .relaxed) }

  func add(_ count: Int) { used.wrappingAdd(count, ordering: .relaxed) }
}
