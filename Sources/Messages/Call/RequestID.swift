internal import Synchronization

/// Names for calls that bring none: a random prefix of this process and a counter, unique without a
/// system call each.
package enum RequestID {
  private static let prefix: String = {
    var random = SystemRandomNumberGenerator()
    let hex = String(random.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - hex.count) + hex
  }()
  private static let counter = Atomic<UInt64>(1)

  package static func make() -> String {
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return "\(prefix)-\(number)"
  }
}
