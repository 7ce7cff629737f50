internal import EventLoop
internal import Messages
internal import Synchronization

/// Bytes of messages that wait on one connection, in both directions; shared by its calls.
///
/// The whole of all connections is kept in steps of 64 KiB, so that a call costs no cache line that
/// all cores share.
final class MemoryBudget: Sendable {
  private static let step = 16

  let limit: Int
  private let used = Atomic(0)
  private let unfinished = Atomic(0)
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
    var status = Status(
      .resourceExhausted,
      "messages waiting on all connections pass the limit of \(total.limit) bytes "
        + "(\(Limit.memory.rawValue))",
      cause: Limit.memory)
    status.addRetryAdvice(MemoryTotal.retryAdvice)
    return status
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

  /// Those of messages that have begun to come in and not ended.
  var halfSent: Int { unfinished.load(ordering: .relaxed) }

  func halfSentChanged(by count: Int) {
    if count != 0 { unfinished.wrappingAdd(count, ordering: .relaxed) }
  }

  private func report(_ old: Int, _ new: Int) {
    let steps = (new >> Self.step) - (old >> Self.step)
    if steps != 0 { total?.add(steps << Self.step) }
  }
}

/// Bytes of messages that wait on all connections of a server.
final class MemoryTotal: Sendable {
  /// When to try again: room is made within a turn of a loop.
  static let retryAdvice = Duration.milliseconds(100)
  /// From one look for room that found none to the next.
  private static let pause = Duration.milliseconds(100)

  let limit: Int
  private let used = Atomic(0)
  /// When room may next be made, in nanoseconds; the greatest number while it is being made.
  private let reliefDue = Atomic<UInt64>(0)

  init(limit: Int) { self.limit = limit }

  /// So full that room should be made, while there is still some.
  var isNearlyFull: Bool { used.load(ordering: .relaxed) >= limit - limit / 8 }

  /// - Returns: whether the caller is to make room; `endRelief` must follow.
  func beginRelief(now: LoopInstant) -> Bool {
    let due = reliefDue.load(ordering: .relaxed)
    guard due <= now.nanoseconds else { return false }
    return reliefDue.compareExchange(expected: due, desired: .max, ordering: .relaxed).exchanged
  }

  func endRelief(freed: Int, now: LoopInstant) {
    let due = freed > 0 ? 0 : now.advanced(by: Self.pause).nanoseconds
    reliefDue.store(due, ordering: .relaxed)
  }

  var isExceeded: Bool { used.load(ordering: .relaxed) > limit }
  var bytes: Int { used.load(ordering: .relaxed) }

  func add(_ count: Int) { used.wrappingAdd(count, ordering: .relaxed) }
}
