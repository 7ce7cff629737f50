// What may run now and what has to wait, without any I/O:
//
//   submit ──room──▶ active ──finish──▶ gone, and the first that waits becomes active
//     │                 └──withdraw──▶ still active, until its end is told with finish
//     ├──no room──▶ waiting ──withdraw──▶ gone
//     └──no room to wait──▶ refused

/// A bounded number of transfers that run, and a bounded line of those that wait.
struct TransferQueue<Order> {
  enum Admission {
    /// The order is active: to be started.
    case start(Order)
    case waits
    /// No room even to wait.
    case refused
  }

  enum Withdrawal {
    /// It waited, and is gone.
    case dropped(Order)
    /// It runs: to be stopped, and its end to be told.
    case stop
    /// It has ended before.
    case unknown
  }

  let activeLimit: Int
  let waitingLimit: Int
  private(set) var active: Set<UInt64> = []
  private var waiting: [(id: UInt64, order: Order)] = []

  /// - Parameters:
  ///   - activeLimit: most transfers at once; at least one.
  ///   - waitingLimit: most that wait; may be zero.
  init(activeLimit: Int, waitingLimit: Int) {
    precondition(activeLimit > 0 && waitingLimit >= 0, "a queue needs room for one transfer")
    self.activeLimit = activeLimit
    self.waitingLimit = waitingLimit
  }

  var waitingCount: Int { waiting.count }

  mutating func submit(_ id: UInt64, _ order: Order) -> Admission {
    if active.count < activeLimit {
      active.insert(id)
      return .start(order)
    }
    guard waiting.count < waitingLimit else { return .refused }
    waiting.append((id, order))
    return .waits
  }

  /// An active transfer has ended.
  ///
  /// - Returns: the order that takes its place, now active.
  mutating func finish(_ id: UInt64) -> Order? {
    guard active.remove(id) != nil, !waiting.isEmpty else { return nil }
    let next = waiting.removeFirst()
    active.insert(next.id)
    return next.order
  }

  mutating func withdraw(_ id: UInt64) -> Withdrawal {
    if active.contains(id) { return .stop }
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return .unknown }
    return .dropped(waiting.remove(at: index).order)
  }

  /// Empties the line.
  mutating func dropWaiting() -> [Order] {
    defer { waiting = [] }
    return waiting.map(\.order)
  }
}
