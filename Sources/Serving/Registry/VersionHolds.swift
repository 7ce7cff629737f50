/// Versions that orders under way keep in memory until they are done, by how many do. They are no
/// wishes: nothing of them is remembered.
struct VersionHolds: Sendable, Equatable {
  private var counts: [Int: Int] = [:]

  func contains(_ number: Int) -> Bool { counts[number] != nil }

  mutating func hold(_ numbers: Set<Int>) {
    for number in numbers { counts[number, default: 0] += 1 }
  }

  /// What has been dropped meanwhile is held no more as it is.
  mutating func release(_ numbers: Set<Int>) {
    for number in numbers {
      guard let count = counts[number] else { continue }
      counts[number] = count > 1 ? count - 1 : nil
    }
  }

  /// Whoever holds them does so no more.
  mutating func drop(_ numbers: Set<Int>) {
    for number in numbers { counts[number] = nil }
  }
}
