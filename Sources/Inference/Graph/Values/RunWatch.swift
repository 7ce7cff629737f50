internal import Glibc
internal import Synchronization

/// Ends a run that nobody waits for any more, or that takes more time or nodes than it may; loops
/// within loops would go on for days. Other models may compute whenever it is asked.
package final class RunWatch: Sendable {
  private let stepLimit: Int
  private let timeLimit: Duration?
  private let interest: (any Interest)?
  private let taken = Atomic<Int>(0)
  /// In nanoseconds; far away without a limit. What others took meanwhile is not counted.
  private let end: Atomic<Int64>
  /// When it last offered to give way.
  private let offered = Atomic<Int64>(0)

  /// - Parameter timeLimit: from now on; nil for none.
  init(stepLimit: Int, timeLimit: Duration? = nil, interest: (any Interest)? = nil) {
    self.stepLimit = stepLimit
    self.timeLimit = timeLimit
    self.interest = interest
    let (seconds, attoseconds) = (timeLimit ?? .zero).components
    end = Atomic(
      timeLimit == nil
        ? .max : Self.now + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  /// Nodes that were computed.
  var steps: Int { taken.load(ordering: .relaxed) }

  /// A node is computed; those of loops as often as they are.
  func step() throws {
    guard taken.add(1, ordering: .relaxed).newValue <= stepLimit else {
      throw GraphError.bound("it computes more than the limit of \(stepLimit) nodes", .steps)
    }
    try look()
  }

  /// At most once in a step of the clock.
  private func giveWay() {
    guard let interest else { return }
    let now = Self.now
    guard offered.exchange(now, ordering: .relaxed) != now else { return }
    let (seconds, attoseconds) = interest.giveWay().components
    guard timeLimit != nil else { return }
    end.add(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .relaxed)
  }

  /// For nodes that may take long to ask now and then.
  func look() throws {
    giveWay()
    if let interest, !interest.isAlive {
      throw GraphError.bound("nobody waits for the answer any more", .interest)
    }
    if let timeLimit, Self.now > end.load(ordering: .relaxed) {
      throw GraphError.bound("it takes longer than the limit of \(timeLimit)", .time)
    }
  }

  /// For nodes that may take long: asks each time that a good millisecond's work was counted.
  var work: WorkCount { WorkCount(watch: self) }

  /// `body` for the parts of a loop of so many turns.
  func pieces(_ count: Int, cost: Int = 1, _ body: (Range<Int>) throws -> Void) throws {
    var work = work
    try work.pieces(0..<count, cost: cost, body)
  }

  /// `body` for the parts of what a kernel goes over, each of at most a moment's products.
  ///
  /// - Parameters:
  ///   - products: of a turn.
  ///   - bounds: of the turns of a part, whatever they take.
  func portions(
    _ count: Int, products: Int, of bounds: ClosedRange<Int> = 1...(.max),
    _ body: (Range<Int>) throws -> Void
  ) throws {
    let most = min(max(bounds.lowerBound, Self.portion / max(1, products)), bounds.upperBound)
    var start = 0
    while start < count {
      if start > 0 { try look() }
      let end = start + min(most, count - start)
      try body(start..<end)
      start = end
    }
  }

  /// Products that a kernel takes at once: some ten milliseconds of a core.
  private static let portion = 1 << 30

  /// A clock that takes no longer to read than memory, and goes on in steps of milliseconds.
  private static var now: Int64 {
    var time = timespec()
    unsafe _ = clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// What a node goes over, in elements or products.
struct WorkCount {
  /// What is gone over without asking.
  static let piece = 1 << 20

  fileprivate let watch: RunWatch
  private var left = piece

  fileprivate init(watch: RunWatch) { self.watch = watch }

  @inline(__always)
  mutating func add(_ count: Int) throws {
    left -= count
    if left < 0 { try look() }
  }

  /// `body` for the parts of a loop, which is to stay plain within them.
  ///
  /// - Parameter cost: of a turn, in elements or products.
  @inline(__always)
  mutating func pieces(
    _ range: Range<Int>, cost: Int = 1, _ body: (Range<Int>) throws -> Void
  ) throws {
    // One that is empty is gone through too.
    guard !range.isEmpty else { return try add(1) }
    let most = max(1, Self.piece / max(1, cost))
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(range.upperBound, start + most)
      try add((end - start) * cost)
      try body(start..<end)
      start = end
    }
  }

  private mutating func look() throws {
    left = Self.piece
    try watch.look()
  }
}
