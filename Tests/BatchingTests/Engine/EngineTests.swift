import Foundation
import Synchronization
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

  @Test func lanesTakeTurns() async throws {
    let engine = try Engine()
    defer { engine.stop() }
    let executor = ThreadExecutor()
    let turns = Shared<[String]>([])
    let entered = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let blocker = engine.lane("blocker")
    let blocked = Task {
      try await blocker.run {
        entered.signal()
        release.wait()
      }
    }
    await offThread { entered.wait() }
    try await executor.run {
      try await withThrowingTaskGroup { group in
        for name in ["a", "b", "c"] {
          let lane = engine.lane(name)
          group.addTask(executorPreference: executor) {
            for _ in 0..<20 { try await lane.run { turns.update { $0.append(name) } } }
          }
        }
        // All three first jobs are queued before the engine goes on.
        group.addTask(executorPreference: executor) {
          while engine.health(now: .now).waiting < 3 { await Task.yield() }
          release.signal()
        }
        try await group.waitForAll()
      }
    }
    try await blocked.value
    let order = turns.value
    // Whatever the first round is, all others are like it: who has just run queues up behind.
    let round = Array(order.prefix(3))
    #expect(Set(round) == ["a", "b", "c"])
    #expect(order == Array((0..<20).map { _ in round }.joined()))
  }

  @Test func aLaneHasOneJobAtATime() async throws {
    let engine = try Engine()
    defer { engine.stop() }
    let lane = engine.lane("a")
    let entered = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let first = Task {
      try await lane.run {
        entered.signal()
        release.wait()
        return 1
      }
    }
    await offThread { entered.wait() }
    await #expect(throws: BatchingError.self) { try await lane.run { 2 } }
    release.signal()
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
    let entered = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let lane = engine.lane("slow")
    let job = Task {
      try await lane.run {
        entered.signal()
        release.wait()
      }
    }
    await offThread { entered.wait() }
    clock.advance(by: .seconds(40))
    #expect(
      engine.health(now: clock.now())
        == EngineHealth(lane: "slow", busy: .seconds(40), waiting: 0, isStopped: false))
    release.signal()
    try await job.value
  }

  @Test func stopFinishesTheCurrentJobAndRefusesTheRest() async throws {
    let engine = try Engine()
    let entered = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let (a, b) = (engine.lane("a"), engine.lane("b"))
    let current = Task {
      try await a.run {
        entered.signal()
        release.wait()
        return "done"
      }
    }
    await offThread { entered.wait() }
    let queued = Task { try await b.run { "never" } }
    while engine.health(now: .now).waiting < 1 { await Task.yield() }
    let stopping = Task.detached { await offThread { engine.stop() } }
    await #expect {
      try await queued.value
    } throws: {
      ($0 as? BatchingError)?.code == .stopped
    }
    release.signal()
    #expect(try await current.value == "done")
    await stopping.value
    await #expect(throws: BatchingError.self) { try await b.run { "late" } }
    #expect(engine.health(now: .now).isStopped)
    engine.stop()
  }
}

/// Blocks a thread of its own, not one of the pool's.
func offThread(_ body: @escaping @Sendable () -> Void) async {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      body()
      continuation.resume()
    }
  }
}
