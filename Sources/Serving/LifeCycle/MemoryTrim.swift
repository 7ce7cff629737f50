/// When what a wave of clients took is given back to the system: the allocator alone keeps it.
struct MemoryTrim {
  /// From one question to the next.
  static let period = Duration.seconds(1)
  /// Less is not worth the few milliseconds.
  static let worthwhile = 32 << 20
  /// Questions in a row that must find so much: a steady load takes it right back.
  static let patience = 5

  private var found = 0

  /// - Parameter freed: bytes that the allocator keeps.
  mutating func isDue(freed: Int) -> Bool {
    found = freed >= Self.worthwhile ? found + 1 : 0
    guard found >= Self.patience else { return false }
    found = 0
    return true
  }
}
