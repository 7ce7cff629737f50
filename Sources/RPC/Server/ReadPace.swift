/// How much of what a client sends is read in one turn of its loop, so that one that floods takes
/// no more of the loop than its turn.
///
/// Every call opened and every microsecond spent counts against a share; a turn over it makes the
/// next reads smaller in proportion, turns well under it make them larger again.
struct ReadPace: Sendable {
  /// A turn's share. Smaller turns cost more system calls for each call, which shows below about
  /// these; and a few clients that send all they can hold up the others by a millisecond or two.
  static let callShare = 32
  static let timeShare: UInt64 = 250_000
  /// Bytes of the smallest read: a few calls.
  static let smallest = 512
  /// Bytes of the largest read; the loop's buffer bounds it too.
  static let largest = 64 << 10

  /// Bytes of the next read.
  private(set) var limit = largest

  /// Learns from a turn.
  ///
  /// - Parameters:
  ///   - bytes: that were read.
  ///   - calls: that they opened.
  ///   - nanoseconds: that they took.
  mutating func took(bytes: Int, calls: Int, nanoseconds: UInt64) {
    let share = max(
      Double(calls) / Double(Self.callShare), Double(nanoseconds) / Double(Self.timeShare))
    if share > 1 {
      limit = max(Self.smallest, min(limit, Int(Double(bytes) / share)))
    } else if share <= 0.5 {
      limit = min(Self.largest, 2 * limit)
    }
  }
}
