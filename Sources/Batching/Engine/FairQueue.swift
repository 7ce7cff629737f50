/// Whose turn it is on the engine: events in, decisions out, no clock of its own.
///
///            submit             next → .run            finished
///     idle ──────────▶ waiting ────────────▶ running ───────────▶ idle
///                         ▲                     │ comes back
///                         └────── submit ─── expected ── patience over ──▶ idle
///
/// A running job may pause and give way: those go first then that have had less than its own lane,
/// and within theirs others again. What two lanes get then differs by twice the longest jobs of the
/// other lanes more, at most.
///
/// The engine is shared by time, not by turns (start-time fair queueing: Goyal, Vin, Cheng,
/// SIGCOMM 1996). A lane's level is the engine time it has had (the paper's start tag); of those
/// that wait, the lowest goes next. While two lanes both have work, what they get differs by no
/// more than the longest job of the one and the longest of the other together.
/// A lane that was idle rejoins at the level of whoever runs, so it is neither made to wait for
/// what it had long ago nor owed anything for its absence; where some have paused, of whoever of
/// them and the running one has had least, or it would wait until that one has caught up.
///
/// A lane has one job at a time and needs a moment to form the next. Would another lane's job be
/// taken in that moment, lanes would take turns after all. So a lane that says it comes back is
/// waited for, though not for long, and the waiting is charged to it ("deceptive idleness": Iyer,
/// Druschel, SOSP 2001).
struct FairQueue: Sendable {
  enum Decision: Equatable {
    case run(lane: Int)
    /// The lane whose turn it is will be back: ask again when something has been submitted, and
    /// call `giveUp` when nothing was by then.
    case wait(until: ContinuousClock.Instant)
    /// Ask again when something has been submitted.
    case idle
  }

  /// For how long a lane that said it comes back counts as having work. Longer than any patience:
  /// the loop that forms its next job may itself be busy with answers.
  static let promiseHolds: Duration = .milliseconds(50)

  private struct Lane {
    enum State { case idle, waiting, running, expected }

    var state = State.idle
    /// Engine time it has had, raised to the others' when it rejoins them.
    var level: Duration = .zero
    /// Place in the order of submission: among equals, who has waited longest goes first.
    var order: UInt64 = 0
    /// When it last said that it comes back.
    var promised: ContinuousClock.Instant?
  }

  private let patience: Duration
  private var lanes: [Int: Lane] = [:]
  private var nextLane = 0
  private var nextOrder: UInt64 = 0
  /// Highest level at which a job began or went on (the paper's virtual time).
  private(set) var floor: Duration = .zero
  private var started: ContinuousClock.Instant?
  /// Whom an idle engine waits for, and since when that is not charged yet.
  private(set) var awaited: (lane: Int, since: ContinuousClock.Instant)?

  /// - Parameter patience: how long a lane that comes back is waited for.
  init(patience: Duration) {
    self.patience = patience
  }

  mutating func open() -> Int {
    defer { nextLane += 1 }
    lanes[nextLane] = Lane()
    return nextLane
  }

  /// The lane has no job and never will have.
  mutating func close(_ lane: Int) { lanes[lane] = nil }

  var waitingCount: Int { lanes.values.count { $0.state == .waiting } }

  /// Whether any other lane has work, or will have in a moment.
  func isContended(besides lane: Int, now: ContinuousClock.Instant) -> Bool {
    lanes.contains { id, other in
      if id == lane { return false }
      switch other.state {
      case .waiting, .running: return true
      case .idle, .expected: return other.promised.map { now < $0 + Self.promiseHolds } ?? false
      }
    }
  }

  mutating func submit(_ id: Int) {
    guard var lane = lanes[id] else { return }
    if lane.state == .idle { lane.level = max(lane.level, entry) }
    lane.state = .waiting
    lane.promised = nil
    lane.order = nextOrder
    nextOrder += 1
    lanes[id] = lane
  }

  /// The least that a lane is taken to have had when it comes.
  private var entry: Duration {
    lanes.values.lazy.filter { $0.state == .running }.map(\.level).min() ?? floor
  }

  /// What to do now; no job may be running.
  ///
  /// - Parameter paused: the lane that gives way meanwhile, and goes on when nothing is to be done.
  mutating func next(now: ContinuousClock.Instant, before paused: Int? = nil) -> Decision {
    settle(now)
    let limit = paused.flatMap { lanes[$0]?.level }
    while let id = lowest, let lane = lanes[id], limit.map({ lane.level < $0 }) ?? true {
      if lane.state == .waiting {
        lanes[id]?.state = .running
        floor = max(floor, lane.level)
        started = now
        return .run(lane: id)
      }
      guard paused != nil || waitingCount > 0 else { return .idle }
      let end = (lane.promised ?? now) + patience
      if now < end {
        awaited = (id, now)
        return .wait(until: end)
      }
      lanes[id]?.state = .idle
    }
    return .idle
  }

  /// The running lane's job is done.
  ///
  /// - Parameter comesBack: whether the lane has more work, to be submitted in a moment.
  mutating func finished(_ id: Int, comesBack: Bool, now: ContinuousClock.Instant) {
    pause(id, now: now)
    lanes[id]?.state = comesBack ? .expected : .idle
    lanes[id]?.promised = comesBack ? now : nil
  }

  /// The running lane's job gives way: no job runs until `next` says so, or `resume`.
  mutating func pause(_ id: Int, now: ContinuousClock.Instant) {
    guard let started else { return }
    lanes[id]?.level += started.duration(to: now)
    self.started = nil
  }

  /// The job that paused last goes on. Whoever comes from here on is owed nothing for what it has
  /// had by now.
  mutating func resume(_ id: Int, now: ContinuousClock.Instant) {
    settle(now)
    floor = max(floor, lanes[id]?.level ?? .zero)
    started = now
  }

  /// Whom `next` said to wait for has not come in time.
  mutating func giveUp(now: ContinuousClock.Instant) {
    guard let awaited else { return }
    settle(now)
    if lanes[awaited.lane]?.state == .expected { lanes[awaited.lane]?.state = .idle }
  }

  private mutating func settle(_ now: ContinuousClock.Instant) {
    guard let (lane, since) = awaited else { return }
    lanes[lane]?.level += since.duration(to: now)
    awaited = nil
  }

  /// Of those that wait or are expected.
  private var lowest: Int? {
    var lowest: (id: Int, lane: Lane)?
    for (id, lane) in lanes where lane.state == .waiting || lane.state == .expected {
      if let best = lowest?.lane, (best.level, best.order) < (lane.level, lane.order) { continue }
      lowest = (id, lane)
    }
    return lowest?.id
  }
}
