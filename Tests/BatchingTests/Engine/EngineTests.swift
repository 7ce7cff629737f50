import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Batching

@Suite struct EngineTests {
  @Test func worksOnItsOwnThreadAndComesBack() async throws {
    let engine = try Engine()
    defer { engine.stop() }
    let executor = ThreadExecutor()
    let lane = engine.lane("a")
    let (inside, outside) = try await executor.run {
      let worker = try await lane.run { executor.isIsolatingCurrentContext() }
      return (worker, executor.isIsolatingCurrentContext())
    }
    #expect(inside == false)
    #expect(outside == true)
  }

  @Test func passesErrorsOn() async throws {
    let engine = try Engine()
    defer { engine.stop() }
    let lane = engine.lane("a")
    await #expect(throws: BadInput(value: 7)) { try await lane.run { throw BadInput(value: 7) } }
    #expect(try await lane.run { 6 } == 6)
  }

  @Test func aThreadWaitsForItsJob() async throws {
    let engine = try Engine()
    let lane = engine.lane("a")
    #expect(try await offThread { Result { try lane.runAndWait { 6 } } }.get() == 6)
    let failed = await offThread { Result { try lane.runAndWait { throw BadInput(value: 7) } } }
    #expect(throws: BadInput(value: 7)) { try failed.get() }
    #expect(try await lane.run { 5 } == 5)
    engine.stop()
    let stopped = await offThread { Result { try lane.runAndWait { 6 } } }
    let error = #expect(throws: BatchingError.self) { try stopped.get() }
    #expect(error?.code == .stopped)
  }

  /// A job of each kind moves the engine's clock; nobody is given up, however slow the machine is.
  @Test func lanesShareTimeAndNotTurns() async throws {
    let clock = FakeClock()
    let engine = try Engine(patience: .seconds(600), now: { clock.now() })
    defer { engine.stop() }
    let executor = ThreadExecutor()
    let jobs = Shared<[(lane: Int, length: Duration)]>([])
    let blocker = await HeldJob(on: engine.lane("blocker")) {}
    try await executor.run {
      try await withThrowingTaskGroup { group in
        for (index, milliseconds) in [1, 4, 16].enumerated() {
          let lane = engine.lane("\(index)")
          let count = 160 / milliseconds
          group.addTask(executorPreference: executor) {
            for turn in 1...count {
              try await lane.run(comesBack: turn < count) {
                clock.advance(by: .milliseconds(milliseconds))
                jobs.update { $0.append((index, .milliseconds(milliseconds))) }
              }
            }
          }
        }
        // All three first jobs are queued before the engine goes on.
        group.addTask(executorPreference: executor) {
          while engine.health(now: clock.now()).waiting < 3 { await Task.yield() }
          blocker.letGo()
        }
        try await group.waitForAll()
      }
    }
    try await blocker.value
    var had = [Duration](repeating: .zero, count: 3)
    for job in jobs.value {
      had[job.lane] += job.length
      let (least, most) = (had.min() ?? .zero, had.max() ?? .zero)
      #expect(most - least <= .milliseconds(16 + 4))
    }
    #expect(had == Array(repeating: .milliseconds(160), count: 3))
    #expect(engine.busyTime == .milliseconds(480))
  }

  @Test func aPromiseThatIsNotKeptDelaysOnly() async throws {
    let engine = try Engine(patience: .microseconds(1))
    defer { engine.stop() }
    let (gone, other) = (engine.lane("gone"), engine.lane("other"))
    try await other.run {}
    for _ in 0..<50 {
      try await gone.run(comesBack: true) {}
      #expect(try await other.run { 7 } == 7)
    }
  }

  @Test func contentionIsOtherLanesWork() async throws {
    let clock = FakeClock()
    let engine = try Engine(now: { clock.now() })
    defer { engine.stop() }
    let (a, b) = (engine.lane("a"), engine.lane("b"))
    #expect(!a.isContended && !b.isContended)
    let seen = try await b.run { (a.isContended, b.isContended) }
    #expect(seen == (true, false))
    #expect(!a.isContended)
    try await b.run(comesBack: true) {}
    #expect(a.isContended)
    clock.advance(by: FairQueue.promiseHolds)
    #expect(!a.isContended)
  }

  /// A job that gives way after its slice is not charged for what others take meanwhile.
  @Test func aLongJobGivesWay() async throws {
    let clock = FakeClock()
    let engine = try Engine(now: { clock.now() })
    defer { engine.stop() }
    let (long, short) = (engine.lane("long"), engine.lane("short"))
    let slice = Duration.milliseconds(20)
    let order = Shared<[String]>([])
    let first = await HeldJob(on: long) {
      clock.advance(by: .milliseconds(19))
      #expect(long.giveWay(after: slice) == .zero)
      order.update { $0.append("a slice") }
      clock.advance(by: .milliseconds(1))
      let pause = long.giveWay(after: slice)
      order.update { $0.append("the rest") }
      #expect(long.giveWay(after: slice) == .zero)
      #expect(engine.health(now: clock.now()).lane == "long")
      clock.advance(by: slice)
      #expect(long.giveWay(after: slice) == .zero, "nobody waits")
      return pause
    }
    let second = Task {
      try await short.run {
        order.update { $0.append(engine.health(now: clock.now()).lane ?? "") }
        clock.advance(by: .milliseconds(5))
      }
    }
    while engine.health(now: clock.now()).waiting < 1 { await Task.yield() }
    first.letGo()
    try await second.value
    #expect(try await first.value == .milliseconds(5))
    #expect(order.value == ["a slice", "short", "the rest"])
    #expect(engine.busyTime == .milliseconds(45))
  }

  /// Each holds memory and a place on the stack.
  @Test func onlySoManyJobsArePaused() async throws {
    let clock = FakeClock()
    let engine = try Engine(now: { clock.now() })
    defer { engine.stop() }
    let depth = Shared((now: 0, most: 0))
    let lanes = (0..<EngineCore.pauseLimit + 3).map { engine.lane("\($0)") }
    let entered = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let jobs = lanes.enumerated().map { index, lane in
      Task {
        if index > 0 { await offThread { entered.wait() } }
        try await lane.run {
          if index == 0 {
            for _ in lanes { entered.signal() }
            release.wait()
          }
          depth.update { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
          clock.advance(by: .milliseconds(20))
          _ = lane.giveWay(after: .milliseconds(20))
          depth.update { $0.now -= 1 }
        }
      }
    }
    while engine.health(now: clock.now()).waiting < lanes.count - 1 { await Task.yield() }
    release.signal()
    for job in jobs { try await job.value }
    #expect(depth.value.most == EngineCore.pauseLimit + 1)
  }

  @Test func aLaneHasOneJobAtATime() async throws {
    let engine = try Engine()
    defer { engine.stop() }
    let lane = engine.lane("a")
    let first = await HeldJob(on: lane) { 1 }
    await #expect(throws: BatchingError.self) { try await lane.run { 2 } }
    first.letGo()
    #expect(try await first.value == 1)
    #expect(try await lane.run { 3 } == 3)
  }

  @Test func healthTellsSinceWhenAJobRuns() async throws {
    let clock = FakeClock()
    let engine = try Engine(now: { clock.now() })
    defer { engine.stop() }
    #expect(
      engine.health(now: clock.now())
        == EngineHealth(lane: nil, busy: .zero, waiting: 0, isStopped: false))
    let job = await HeldJob(on: engine.lane("slow")) {}
    clock.advance(by: .seconds(40))
    #expect(
      engine.health(now: clock.now())
        == EngineHealth(lane: "slow", busy: .seconds(40), waiting: 0, isStopped: false))
    job.letGo()
    try await job.value
  }

  @Test func stopFinishesTheCurrentJobAndRefusesTheRest() async throws {
    let engine = try Engine()
    let b = engine.lane("b")
    let current = await HeldJob(on: engine.lane("a")) { "done" }
    let queued = Task { try await b.run { "never" } }
    while engine.health(now: .now).waiting < 1 { await Task.yield() }
    let stopping = Task.detached { await offThread { engine.stop() } }
    await #expect {
      try await queued.value
    } throws: {
      ($0 as? BatchingError)?.code == .stopped
    }
    current.letGo()
    #expect(try await current.value == "done")
    await stopping.value
    await #expect(throws: BatchingError.self) { try await b.run { "late" } }
    #expect(engine.health(now: .now).isStopped)
    engine.stop()
  }
}
