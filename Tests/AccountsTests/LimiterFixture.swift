import Accounts
import Synchronization
import Time

/// Time that only the test moves. The wall clock begins on 20 November 2026.
final class FakeClock: Sendable {
  private static let start = UnixTime(seconds: 1_795_132_800)
  private let elapsed: Mutex<UInt64>
  private let wall: UnixTime

  init(wall: UnixTime = FakeClock.start) {
    self.wall = wall
    elapsed = Mutex(0)
  }

  var now: Moment {
    let nanoseconds = elapsed.withLock { $0 }
    return Moment(
      monotonic: 1_000_000_000 + nanoseconds,
      wall: wall.advanced(by: .nanoseconds(Int64(nanoseconds))))
  }

  func advance(by duration: Duration) {
    let (seconds, attoseconds) = duration.components
    elapsed.withLock {
      $0 += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
  }
}

extension Caller {
  static func test(_ limits: LimitPlan, id: String = "AAAAAAAA") -> Caller {
    Caller(
      keyID: KeyID(id) ?? .anonymous, owner: "tests", isAdmin: false, models: .all,
      limits: limits)
  }
}

extension Decision {
  var admission: Admission? {
    if case .admitted(let admission) = self { admission } else { nil }
  }
  var refusal: LimitRefusal? {
    if case .refused(let refusal) = self { refusal } else { nil }
  }
  func reading(_ name: String) -> LimitReading? { readings.first { $0.name == name } }
}
