import Jobs
import Synchronization
import Testing
import Time

@Suite(.timeLimit(.minutes(2))) struct JobRunnerTests {
  private let queue: SQLiteJobQueue
  private let time = FakeClock()
  private let events = Sightings<String>()

  init() throws { queue = try SQLiteJobQueue(path: ":memory:", at: start) }

  private func runner(
    concurrency: Int = 2, _ work: @escaping JobRunner.Work
  ) -> JobRunner {
    var options = JobRunner.Options()
    options.concurrency = concurrency
    return JobRunner(
      queue, options: options, clock: time.clock,
      observe: { [events] event in
        switch event {
        case .started(let id, _, _, let attempt): events.add("start \(id) \(attempt)")
        case .ended(let id, _, _, let state): events.add("end \(id) \(state)")
        case .givenBack(let id): events.add("back \(id)")
        case .troubled(let error): events.add("trouble \(error.kind)")
        case .called: break
        }
      }, work: work)
  }

  private func submit(_ text: String = "work") async throws -> String {
    try await queue.submit(.plain("alice", text), at: time.now).id
  }

  private func state(_ id: String) async throws -> JobState {
    try await queue.job(id, owner: nil).state
  }

  @Test func theWorksOutcomeIsTheJobs() async throws {
    let runner = runner { job in
      switch String(decoding: job.payload, as: UTF8.self) {
      case "fine": return Array("done".utf8)
      case "wrong": throw JobFailure(code: "INVALID_ARGUMENT", message: "no such model")
      default: throw CancellationError()
      }
    }
    let fine = try await submit("fine")
    let wrong = try await submit("wrong")
    let broken = try await submit("broken")
    await runner.start()
    try await until { try await queue.counts()[.failed] == 2 }
    try await until { try await state(fine) == .succeeded }
    #expect(try await queue.job(fine, owner: nil).result == Array("done".utf8))
    #expect(try await queue.job(wrong, owner: nil).failure?.code == "INVALID_ARGUMENT")
    #expect(try await queue.job(broken, owner: nil).failure?.code == "INTERNAL")
    await runner.drain(within: .zero)
  }

  @Test func onlySoManyRunAtOnceAndAllRun() async throws {
    let load = Mutex((now: 0, most: 0))
    let gate = Gate()
    let runner = runner(concurrency: 3) { _ in
      load.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      await gate.wait()
      load.withLock { $0.now -= 1 }
      return []
    }
    for _ in 0..<10 { _ = try await submit() }
    await runner.start()
    await until { load.withLock { $0.now } == 3 }
    #expect(try await queue.counts() == [.running: 3, .queued: 7])
    gate.open()
    try await until { try await queue.counts() == [.succeeded: 10] }
    let most = load.withLock { $0.most }
    #expect(most == 3)
    // One that comes later is begun when the runner is woken.
    let late = try await submit()
    runner.wake()
    try await until { try await state(late) == .succeeded }
    await runner.drain(within: .zero)
  }

  @Test func cancellingReachesTheWork() async throws {
    let gate = Gate()
    let cancelled = Sightings<String>()
    let runner = runner { job in
      await gate.wait()
      if Task.isCancelled { cancelled.add(job.claim.id) }
      try Task.checkCancellation()
      return []
    }
    let id = try await submit()
    await runner.start()
    try await until { try await state(id) == .running }
    _ = try await queue.cancel(id, owner: nil, at: time.now)
    await runner.interrupt(id)
    await until { await runner.count == 0 }
    #expect(cancelled.all == [id])
    #expect(try await state(id) == .cancelled)
    #expect(events.all == ["start \(id) 1"])
    await runner.drain(within: .zero)
  }

  @Test func drainingWaitsAndThenGivesBack() async throws {
    let quick = Gate()
    let runner = runner { job in
      if job.payload == Array("quick".utf8) {
        await quick.wait()
        return []
      }
      // Does not heed that it is cancelled.
      await Gate().waitDeaf()
      return []
    }
    let short = try await submit("quick")
    let long = try await submit("long")
    let waiting = try await submit("waits")
    await runner.start()
    await until { await runner.count == 2 }
    let draining = Task { await runner.drain(within: .seconds(15)) }
    // The end of the patience is what is slept for; until 20 s are over a runner sleeps that has
    // not heard of the drain yet.
    let end = time.now.after(15)
    await time.awaitSleeper(until: end)
    quick.open()
    try await until { try await state(short) == .succeeded }
    #expect(try await state(long) == .running)
    await time.awaitSleeper(until: end)
    time.advance(by: .seconds(15))
    await draining.value
    #expect(try await state(long) == .queued)
    #expect(try await state(waiting) == .queued)
    #expect(try await queue.job(long, owner: nil).attempts == 0)
    #expect(events.all.contains("back \(long)"))
  }

  @Test func leasesAreExtendedAndLostOnesLetGo() async throws {
    let gate = Gate()
    let runner = runner(concurrency: 1) { _ in
      await gate.wait()
      try Task.checkCancellation()
      return [1]
    }
    let id = try await submit()
    await runner.start()
    try await until { try await state(id) == .running }
    // Held far beyond one lease of 60 s.
    for _ in 0..<10 {
      let next = time.now.after(20)
      await time.awaitSleeper(until: next)
      time.advance(by: .seconds(20))
    }
    #expect(try await queue.job(id, owner: nil).attempts == 1)
    // Cancelled by somebody else: seen at the next extension.
    _ = try await queue.cancel(id, owner: nil, at: time.now)
    let next = time.now.after(20)
    await time.awaitSleeper(until: next)
    time.advance(by: .seconds(20))
    await until { await runner.count == 0 }
    #expect(!events.all.contains { $0.hasPrefix("end") })
    await runner.drain(within: .zero)
  }

  @Test func aJobThatTakesTooLongFails() async throws {
    let gate = Gate()
    let runner = runner { _ in
      await gate.wait()
      try Task.checkCancellation()
      return []
    }
    let id = try await submit()
    await runner.start()
    try await until { try await state(id) == .running }
    for _ in 0..<180 {
      let next = time.now.after(20)
      await time.awaitSleeper(until: next)
      time.advance(by: .seconds(20))
    }
    try await until { try await state(id) == .failed }
    #expect(try await queue.job(id, owner: nil).failure?.code == "DEADLINE_EXCEEDED")
    await runner.drain(within: .zero)
  }
}

/// Holds whoever waits until it is opened, or their task is cancelled.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var lastNumber = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  }
  private let state = Mutex(State())

  func open() {
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.isOpen = true
      return state.waiting.values.map { $0 }
    }
    for continuation in waiting { continuation.resume() }
  }

  func wait() async {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.waiting[number] = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
    }
  }

  func waitDeaf() async {
    await Task.detached { await self.wait() }.value
  }
}
