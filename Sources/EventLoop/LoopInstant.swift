internal import CLinux

/// A point on the monotonic clock, in nanoseconds: eight bytes, so that timers stay small.
package struct LoopInstant: Sendable, Hashable, Comparable {
  package var nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// CLOCK_MONOTONIC, read now.
  package static var monotonic: LoopInstant {
    LoopInstant(nanoseconds: cl_monotonic_nanoseconds())
  }
  /// Later than every instant that can come.
  package static let distantFuture = LoopInstant(nanoseconds: .max)

  package static func < (left: LoopInstant, right: LoopInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Saturates at `distantFuture`; a negative duration gives the same instant.
  package func advanced(byNanoseconds nanoseconds: Int64) -> LoopInstant {
    guard nanoseconds > 0 else { return self }
    let (sum, overflow) = self.nanoseconds.addingReportingOverflow(UInt64(nanoseconds))
    return overflow ? .distantFuture : LoopInstant(nanoseconds: sum)
  }

  package func advanced(by duration: Duration) -> LoopInstant {
    advanced(byNanoseconds: duration.saturatingNanoseconds)
  }

  /// From `earlier` to here; zero if it is not earlier.
  package func nanoseconds(since earlier: LoopInstant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }
}

extension Duration {
  /// Clamped to what 64 bits hold (292 years).
  package var saturatingNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }
}
