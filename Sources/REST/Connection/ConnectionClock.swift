internal import EventLoop

//             first line            head is whole          body is whole
//   waiting ─────────────> head ──────────────────> body ────────────────> handling
//      ▲                                                                       │ sent
//      └───────────────────────────────────────────────────────────────────────┘

/// How long one connection may take for each part of a request. Each end is fixed when its part
/// begins: bytes that trickle in move none of them.
struct ConnectionClock: Sendable {
  enum Phase: Sendable { case waiting, head, body, handling }

  private(set) var phase = Phase.waiting
  private(set) var end: LoopInstant
  private let limits: HTTPLimits
  private var isNew = true

  /// A connection that has just come must show a head as soon as one that has shown its first line.
  init(limits: HTTPLimits, now: LoopInstant) {
    self.limits = limits
    end = now.advanced(by: limits.headTime)
  }

  mutating func sawRequestLine(_ now: LoopInstant) {
    phase = .head
    end = min(end, now.advanced(by: limits.headTime))
  }

  mutating func sawHead(_ now: LoopInstant) {
    phase = .body
    end = now.advanced(by: limits.bodyTime)
  }

  /// From here on time is the handler's, and the library's that watches over slow readers.
  mutating func sawBody() {
    phase = .handling
    end = .distantFuture
  }

  mutating func completed(_ now: LoopInstant) {
    phase = .waiting
    isNew = false
    end = now.advanced(by: limits.idleTime)
  }

  func isOverdue(_ now: LoopInstant) -> Bool { now >= end }

  /// What an overdue connection has passed.
  var limit: HTTPLimit {
    switch phase {
    case .waiting: isNew ? .headTime : .idleTime
    case .head: .headTime
    case .body, .handling: .bodyTime
    }
  }
}
