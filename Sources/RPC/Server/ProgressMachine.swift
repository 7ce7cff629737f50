internal import EventLoop

//   at rest ── something is awaited ──> awaiting since … ── limit over ──> stalled
//      ▲                                  │      ▲ │
//      └──────── nothing is awaited ──────┘      └─┘ it got on
//
// Looked at now and then instead of timed for each call: a call that is over between two looks, as
// nearly all are, pays nothing.

/// Whether a client gets on with what is awaited of it: a message's rest, or reading an answer.
struct ProgressMachine: Sendable {
  /// Bytes that count as getting on: less than that in a whole limit only keeps memory occupied.
  private let least: Int
  /// How far it was when it last got on; nil while nothing is awaited.
  private var mark: (bytes: Int, time: LoopInstant)?

  /// - Parameter start: since when something is awaited; nil while nothing is.
  init(least: Int, start: LoopInstant?) {
    self.least = least
    mark = start.map { (0, $0) }
  }

  /// - Parameters:
  ///   - bytes: all that went over so far.
  ///   - limit: time in which it must get on.
  mutating func isStalled(
    isAwaited: Bool, bytes: Int, limit: Duration, now: LoopInstant
  ) -> Bool {
    guard isAwaited else {
      mark = nil
      return false
    }
    guard let mark, bytes - mark.bytes < least else {
      mark = (bytes, now)
      return false
    }
    return mark.time.advanced(by: limit) <= now
  }
}
