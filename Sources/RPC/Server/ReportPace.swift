internal import EventLoop

/// How often something that may come in floods is reported: each subject at once, then at most once
/// an interval, with the number of times that it came.
struct ReportPace<Subject: Hashable & Sendable>: Sendable {
  private let interval: Duration
  private var subjects: [Subject: (count: Int, next: LoopInstant)] = [:]

  init(interval: Duration) { self.interval = interval }

  /// - Returns: how often it came since the last report, when one is due.
  mutating func record(_ subject: Subject, now: LoopInstant) -> Int? {
    var (count, next) = subjects[subject] ?? (0, now)
    count += 1
    let isDue = now >= next
    if isDue { next = now.advanced(by: interval) }
    subjects[subject] = (isDue ? 0 : count, next)
    return isDue ? count : nil
  }
}
