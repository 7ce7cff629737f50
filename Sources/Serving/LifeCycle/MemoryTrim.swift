/// When what a wave of clients took is given back to the system: the allocator alone keeps it.
struct MemoryTrim {
  /// From one question to the next.
  static let period = Duration.seconds(1)
  /// Less is not worth the few milliseconds.
  static let worthwhile = 32 << 20
  /// Questions in a row that must find so much: a steady load takes it right back.
  static let patience = 5

  private var found = 0
  private var isExpected = false

  /// A model has gone: what a thread was still freeing then, the next question gives back.
  mutating func expect() { isExpected = true }

  /// - Parameter freed: bytes that the allocator keeps.
  mutating func isDue(freed: Int) -> Bool {
    found = freed >= Self.worthwhile ? found + 1 : 0
    guard isExpected || found >= Self.patience else { return false }
    (found, isExpected) = (0, false)
    return true
  }
}
