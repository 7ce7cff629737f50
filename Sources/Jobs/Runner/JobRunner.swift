internal import Time

// A job in the runner:
//
//   claim ──▶ its task runs ──▶ outcome ──▶ finish, tried until the database takes it
//                  ▲                           └─ the claim no longer holds: dropped
//                  │ cancelled because …
//        the job was cancelled ─▶ nothing to write, it has ended
//        it took too long ─▶ finish: failed, DEADLINE_EXCEEDED
//        the server stops ─▶ give back

/// Works on claimed jobs, a bounded number at a time.
package actor JobRunner {
  package struct Options: Sendable {
    /// Most jobs at once: they share the models' batches.
    package var concurrency = 8
    /// How long a claim holds unless it is extended, which happens three times as often.
    package var lease = Duration.seconds(60)
    /// How long the work on one job may take.
    package var timeLimit = Duration.seconds(3600)
    package init() {}
  }

  /// Does the work on a job and answers its result.
  ///
  /// It runs in a task that is cancelled when the job is, and should soon end then. Throwing a
  /// `JobFailure` fails the job with it, anything else with INTERNAL.
  package typealias Work = @Sendable (ClaimedJob) async throws -> [UInt8]

  private enum Stop { case cancelled, overdue, draining }

  private struct Running {
    let claimed: ClaimedJob
    let since: UnixTime
    let task: Task<Void, Never>
    var stop: Stop?
  }

  private let queue: any JobQueue
  private let options: Options
  private let clock: JobClock
  private let work: Work
  private let observe: JobEvent.Observer
  /// Told when a job has ended.
  private let ended: @Sendable () -> Void
  private nonisolated let alarm: Alarm
  private var running: [JobClaim: Running] = [:]
  private var extended: UnixTime
  private var isDraining = false
  /// Jobs cancelled while the answer to a claim, which may be one of them, is on its way.
  private var cancelledMeanwhile: Set<String>?
  private var loop: Task<Void, Never>?
  /// Who waits for the last job to end.
  private let idle: Alarm

  /// - Parameters:
  ///   - ended: called when a job has ended and its webhook may be told.
  package init(
    _ queue: any JobQueue, options: Options = Options(), clock: JobClock = .system,
    observe: @escaping JobEvent.Observer = { _ in }, ended: @escaping @Sendable () -> Void = {},
    work: @escaping Work
  ) {
    self.queue = queue
    self.options = options
    self.clock = clock
    self.observe = observe
    self.ended = ended
    self.work = work
    alarm = Alarm(clock: clock)
    idle = Alarm(clock: clock)
    extended = clock.now()
  }

  /// Begins to work. To be called once.
  package func start() {
    guard loop == nil else { return }
    loop = Task { await run() }
  }

  /// A job may be waiting.
  package nonisolated func wake() { alarm.ring() }

  /// Jobs being worked on.
  package var count: Int { running.count }

  /// Stops the work on a job that has been cancelled in the queue; harmless for any other.
  package func interrupt(_ id: String) {
    for claim in running.keys where claim.id == id { stop(claim, .cancelled) }
    cancelledMeanwhile?.insert(id)
  }

  /// Begins with no more jobs and lets those that run end. What has not ended after `patience` is
  /// told to stop, and given back. To be called once.
  package func drain(within patience: Duration) async {
    isDraining = true
    alarm.ring()
    await loop?.value
    let end = clock.now().advanced(by: patience)
    while !running.isEmpty, case let left = clock.now().duration(to: end), left > .zero {
      await idle.wait(atMost: left)
    }
    for claim in running.keys {
      stop(claim, .draining)
      // Not left to its task, which may not heed that it was cancelled.
      await giveBack(claim)
    }
  }

  // MARK: The loop

  private func run() async {
    while !isDraining {
      let hasStarted = await startWhatFits()
      let isExtended = await extendLeases()
      stopOverdue()
      if isDraining { return }
      // Leases are looked after even if nothing else happens; trouble is tried again soon.
      await alarm.wait(atMost: hasStarted && isExtended ? options.lease / 3 : .seconds(1))
    }
  }

  /// - Returns: false if the database could not be used.
  private func startWhatFits() async -> Bool {
    while running.count < options.concurrency, !isDraining {
      do throws(JobQueueError) {
        let now = clock.now()
        cancelledMeanwhile = []
        defer { cancelledMeanwhile = nil }
        guard
          let claimed = try await queue.claim(until: now.advanced(by: options.lease), at: now)
        else { return true }
        if cancelledMeanwhile?.contains(claimed.claim.id) != true { start(claimed) }
      } catch {
        observe(.troubled(error))
        return false
      }
    }
    return true
  }

  private func start(_ claimed: ClaimedJob) {
    observe(
      .started(
        id: claimed.claim.id, owner: claimed.owner, kind: claimed.kind,
        attempt: claimed.attempt))
    let task = Task { [work] in
      let outcome: Result<[UInt8], any Error>
      do { outcome = .success(try await work(claimed)) } catch { outcome = .failure(error) }
      await self.settle(claimed, outcome)
    }
    running[claimed.claim] = Running(claimed: claimed, since: clock.now(), task: task)
  }

  private func stop(_ claim: JobClaim, _ reason: Stop) {
    guard running[claim]?.stop == nil else { return }
    running[claim]?.stop = reason
    running[claim]?.task.cancel()
  }

  private func stopOverdue() {
    let now = clock.now()
    for (claim, job) in running where job.since.duration(to: now) >= options.timeLimit {
      stop(claim, .overdue)
    }
  }

  /// - Returns: false if the database could not be used.
  private func extendLeases() async -> Bool {
    let now = clock.now()
    guard !running.isEmpty, extended.duration(to: now) >= options.lease / 3 else { return true }
    do throws(JobQueueError) {
      let lost = try await queue.extend(
        Array(running.keys), until: now.advanced(by: options.lease))
      extended = now
      // Cancelled by another server, or given to one while this one slept.
      for claim in lost { stop(claim, .cancelled) }
      return true
    } catch {
      observe(.troubled(error))
      return false
    }
  }

  // MARK: The end of a job

  private func settle(_ claimed: ClaimedJob, _ outcome: Result<[UInt8], any Error>) async {
    let claim = claimed.claim
    switch (running[claim]?.stop, outcome) {
    case (nil, .success(let result)), (.overdue, .success(let result)),
      (.draining, .success(let result)):
      await finish(claimed, .succeeded(result))
    case (.overdue, .failure):
      await finish(
        claimed,
        .failed(
          JobFailure(
            code: "DEADLINE_EXCEEDED", message: "the job took longer than \(options.timeLimit)")))
    case (nil, .failure(let error)):
      let failure =
        error as? JobFailure
        ?? JobFailure(code: "INTERNAL", message: "the work on the job failed; its owner may retry")
      await finish(claimed, .failed(failure))
    case (.cancelled, _), (.draining, .failure): break
    }
    running[claim] = nil
    alarm.ring()
    if running.isEmpty { idle.ring() }
  }

  /// Tries until the database takes it: the result exists nowhere else.
  private func finish(_ claimed: ClaimedJob, _ outcome: JobOutcome) async {
    var pause = Duration.milliseconds(100)
    while running[claimed.claim]?.stop != .cancelled {
      do throws(JobQueueError) {
        let isWanted = try await queue.finish(claimed.claim, outcome, at: clock.now())
        let state: JobState = if case .succeeded = outcome { .succeeded } else { .failed }
        if isWanted {
          observe(
            .ended(
              id: claimed.claim.id, owner: claimed.owner, kind: claimed.kind, state: state))
          ended()
        }
        return
      } catch {
        observe(.troubled(error))
        // While the server stops there is no time left: the job is done again after the start.
        if running[claimed.claim]?.stop == .draining { return }
        await clock.sleep(pause)
        pause = min(pause * 2, .seconds(10))
      }
    }
  }

  private func giveBack(_ claim: JobClaim) async {
    do throws(JobQueueError) {
      if try await queue.giveBack(claim) { observe(.givenBack(id: claim.id)) }
    } catch {
      // Its lease runs out, or the next start finds it.
      observe(.troubled(error))
    }
  }
}
