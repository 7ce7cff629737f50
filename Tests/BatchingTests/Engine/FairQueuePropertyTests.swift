import TestSupport
import Testing

@testable import Batching

/// Random lanes on a simulated engine: shares within the bound of start-time fair queueing over
/// every span in which two lanes have work, nobody waits for longer than the bound, the floor never
/// falls, and the engine rests only when there is nothing to do or it waits for a promise. The same
/// with jobs that give way.
@Suite struct FairQueuePropertyTests {
  struct Lane {
    var id: Int
    var longest: Duration
    /// From the end of a job to the next, while there is work.
    var gap: Duration
    /// Ends of work, and of rest: alternating spans.
    var turns: [ContinuousClock.Instant]
    var isPending = false
    /// Said that it comes back.
    var isPromised = false
    var waitsSince: ContinuousClock.Instant?
    /// When it submits next.
    var returns: ContinuousClock.Instant?
    /// Engine time it had, with what was spent waiting for it.
    var had: Duration = .zero

    /// Even spans are work, odd ones rest.
    func hasWork(at now: ContinuousClock.Instant) -> Bool {
      turns.count { $0 <= now } % 2 == 0
    }
    func nextWork(from now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
      hasWork(at: now) ? now : turns.first { $0 > now }
    }
  }

  struct Simulation {
    let patience = Duration.microseconds(500)
    var queue: FairQueue
    var lanes: [Lane] = []
    var now = ContinuousClock.now
    var random: SeededGenerator
    /// After which jobs give way; nil where none does.
    let slice: Duration?
    /// For each pair: least and greatest lead since both have had work without a break.
    var leads: [Int: (least: Duration, most: Duration)] = [:]

    init(seed: UInt64, slice: Duration? = nil) {
      self.slice = slice
      random = SeededGenerator(seed: seed)
      queue = FairQueue(patience: patience)
      for _ in 0..<Int.random(in: 2...5, using: &random) {
        let spans = (0..<Int.random(in: 0...8, using: &random)).map { _ in
          now + .milliseconds(Int.random(in: 1...3000, using: &random))
        }
        var lane = Lane(
          id: queue.open(), longest: .microseconds(1 << Int.random(in: 6...15, using: &random)),
          gap: .microseconds(Int.random(in: 0...300, using: &random)), turns: spans.sorted())
        lane.returns = now
        lanes.append(lane)
      }
    }

    mutating func submitDue() {
      for index in lanes.indices {
        guard let due = lanes[index].returns, due <= now else { continue }
        lanes[index].returns = nil
        lanes[index].isPending = true
        lanes[index].isPromised = false
        lanes[index].waitsSince = now
        queue.submit(lanes[index].id)
      }
    }

    var nextReturn: ContinuousClock.Instant? { lanes.compactMap(\.returns).min() }

    mutating func step() {
      if decide() { return }
      #expect(!lanes.contains { $0.isPending })
      now = max(now, nextReturn ?? now + .seconds(1))
    }

    /// What is to be done before a paused lane goes on, if any is.
    ///
    /// - Returns: false where that is nothing.
    mutating func decide(before paused: Int? = nil) -> Bool {
      submitDue()
      let floor = queue.floor
      let decision = queue.next(now: now, before: paused)
      #expect(queue.floor >= floor)
      switch decision {
      case .run(let id): run(id)
      case .wait(let until):
        guard let index = lanes.firstIndex(where: { $0.id == queue.awaited?.lane }) else {
          Issue.record("waits for nobody")
          return false
        }
        #expect(lanes.contains { $0.isPending } && lanes[index].isPromised)
        let arrives = nextReturn ?? until
        let from = now
        now = min(until, max(now, arrives))
        lanes[index].had += from.duration(to: now)
        if arrives > until { queue.giveUp(now: now) }
      case .idle: return false
      }
      return true
    }

    mutating func run(_ id: Int) {
      guard let index = lanes.firstIndex(where: { $0.id == id }) else { return }
      checkWait(index)
      let nanoseconds = Int64(lanes[index].longest / .nanoseconds(1))
      lanes[index].waitsSince = nil
      var left = Duration.nanoseconds(Int64.random(in: 1...nanoseconds, using: &random))
      while let slice, left > slice {
        pass(slice, index)
        left -= slice
        queue.pause(id, now: now)
        while decide(before: id) {}
        queue.resume(id, now: now)
      }
      pass(left, index)
      lanes[index].isPending = false
      let next = lanes[index].nextWork(from: now).map { $0 + lanes[index].gap }
      lanes[index].returns = next
      lanes[index].isPromised = lanes[index].hasWork(at: now)
      queue.finished(id, comesBack: lanes[index].isPromised, now: now)
      measure()
    }

    mutating func pass(_ time: Duration, _ index: Int) {
      now += time
      lanes[index].had += time
    }

    /// Each other lane may be behind by what this one had last, and then has a job under way.
    func checkWait(_ index: Int) {
      guard let since = lanes[index].waitsSince else { return }
      let bound = lanes.reduce(Duration.zero) { sum, other in
        other.id == lanes[index].id
          ? sum : sum + longest(index) + patience + max(other.longest, patience)
      }
      if since.duration(to: now) > bound * (slice == nil ? 1 : 2) {
        Issue.record("lane \(index) waited too long")
      }
    }

    func longest(_ index: Int) -> Duration { max(lanes[index].longest, patience) }

    mutating func measure() {
      for a in lanes.indices {
        for b in lanes.indices where b > a {
          let pair = a * 100 + b
          guard [lanes[a], lanes[b]].allSatisfy({ $0.isPending || $0.isPromised }) else {
            leads[pair] = nil
            continue
          }
          let lead = lanes[a].had - lanes[b].had
          let known = leads[pair] ?? (lead, lead)
          let span = (least: min(known.least, lead), most: max(known.most, lead))
          leads[pair] = span
          let others = slice == nil ? [] : lanes.indices.filter { $0 != a && $0 != b }
          let bound = others.reduce(longest(a) + longest(b)) { $0 + longest($1) * 2 }
          if span.most - span.least > bound {
            Issue.record("lanes \(a) and \(b) drifted apart")
          }
        }
      }
    }
  }

  @Test(arguments: 0..<40) func sharesStayWithinTheBound(seed: UInt64) {
    var simulation = Simulation(seed: seed)
    for _ in 0..<1500 { simulation.step() }
  }

  @Test(arguments: 0..<40) func jobsThatGiveWayShareToo(seed: UInt64) {
    var simulation = Simulation(seed: seed, slice: .milliseconds(1 << (seed % 4)))
    for _ in 0..<500 { simulation.step() }
  }
}
