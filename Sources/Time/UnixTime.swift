internal import Glibc

/// A point in time, UTC: what is stored, shown and compared with expiries.
package struct UnixTime: Sendable, Hashable, Comparable {
  /// Since the start of 1970.
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }
  package init(seconds: Int64) { self.init(microseconds: seconds * 1_000_000) }

  /// By the system's clock.
  package static func now() -> UnixTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UnixTime(
      microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec / 1000))
  }

  /// The same in seconds.
  package var seconds: Double { Double(microseconds) / 1e6 }

  package var day: CalendarDay {
    // Rounded down before 1970 too.
    let (days, rest) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
    return CalendarDay(number: Int(rest < 0 ? days - 1 : days))
  }
  package var month: CalendarMonth { day.month }

  package func advanced(by duration: Duration) -> UnixTime {
    UnixTime(microseconds: microseconds + duration.microseconds)
  }

  package func duration(to end: UnixTime) -> Duration {
    .microseconds(end.microseconds - microseconds)
  }

  package static func < (left: UnixTime, right: UnixTime) -> Bool {
    left.microseconds < right.microseconds
  }
}

/// One moment on both clocks: durations are measured by the monotonic one, which nobody can set;
/// months and expiries are read off the other.
package struct Moment: Sendable {
  /// CLOCK_MONOTONIC, in nanoseconds.
  package let monotonic: UInt64
  package let wall: UnixTime

  package init(monotonic: UInt64, wall: UnixTime) {
    self.monotonic = monotonic
    self.wall = wall
  }

  package static func now() -> Moment {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(
      monotonic: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec), wall: .now())
  }
}

extension Duration {
  /// Where 64 bits hold them (9 s): `components` divides 128 bits, ten times as slow.
  package var attosecondsIn64Bits: Int64? { Int64(exactly: attoseconds) }

  /// Whole microseconds.
  package var microseconds: Int64 {
    if let attosecondsIn64Bits { return attosecondsIn64Bits / 1_000_000_000_000 }
    let (seconds, attoseconds) = components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
  /// Whole nanoseconds; zero for less than that.
  package var nanoseconds: UInt64 {
    if let attosecondsIn64Bits { return UInt64(max(attosecondsIn64Bits, 0)) / 1_000_000_000 }
    let (seconds, attoseconds) = components
    return seconds < 0 || attoseconds < 0
      ? 0 : UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
  }
}
