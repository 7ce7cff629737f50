/// How much of what a client sends is read in one turn of its loop, so that one that floods takes
/// no more of the loop than its turn.
///
/// Every call opened and every microsecond spent counts against a share; a turn over it makes the
/// next reads smaller in proportion, turns well under it make them larger again.
struct ReadPace: Sendable {
  /// A turn's share: as many calls as an honest client has under way, or their time.
  static let calls = 32
  static let nanoseconds: UInt64 = 250_000
  /// Bytes of the smallest and the largest read.
  static let smallest = 512
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
      Double(calls) / Double(Self.calls), Double(nanoseconds) / Double(Self.nanoseconds))
    if share > 1 {
      limit = max(Self.smallest, min(limit, Int(Double(bytes) / share)))
    } else if share <= 0.5 {
      limit = min(Self.largest, 2 * limit)
    }
  }
}
