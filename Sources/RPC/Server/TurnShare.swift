internal import EventLoop

/// What one client may have of one turn of its loop: what it sends beyond is looked at in the next
/// turn, when the others had theirs.
///
/// Smaller turns would cost more system calls for each call, which shows below about these numbers;
/// with them a few clients that send all they can hold the others up by a millisecond or two.
struct TurnShare: Sendable {
  static let calls = 32
  static let nanoseconds: UInt64 = 250_000
  /// Bytes between two looks at what is left: a few calls, or much cheap work.
  static let slice = 2 << 10

  private let start: LoopInstant
  /// That were opened in this turn.
  var calls = 0

  init(start: LoopInstant) { self.start = start }

  func isUsedUp(now: LoopInstant) -> Bool {
    calls >= Self.calls || now.nanoseconds(since: start) >= Self.nanoseconds
  }
}
