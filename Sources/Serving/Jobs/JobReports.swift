internal import Jobs
internal import Metrics
internal import Synchronization

/// What becomes of jobs and webhooks, in the log and in the metrics.
final class JobReports: Sendable {
  private struct State {
    /// Whose figures are read; nil before the start and after the end.
    var service: JobService?
    var isReading = false
    /// Something has changed since the reading began.
    var isStale = false
    /// The last trouble that was logged, as the same comes again every second.
    var trouble: (reason: String, time: ContinuousClock.Instant)?

    /// Whether there is something to read; the reading is over if not.
    mutating func goesOn() -> Bool {
      isReading = isStale
      return isReading
    }
  }

  /// From a change to the figures: many changes are read at once.
  private static let delay = Duration.milliseconds(200)
  private static let troublePause = Duration.seconds(10)

  private let log: Log
  private let jobs: Family<Gauge>
  private let webhooks: Family<Gauge>
  private let calls: Family<Counter>
  private let troubles: Counter
  private let state = Mutex(State())

  init(metrics: Registry, log: Log) {
    self.log = log
    jobs = metrics.gauges("apus_jobs", help: "Jobs that are kept, by state.", labels: ["state"])
    webhooks = metrics.gauges(
      "apus_webhooks", help: "Webhooks of jobs that have ended, by state; dead ones were given up.",
      labels: ["state"])
    calls = metrics.counters(
      "apus_webhook_calls_total", help: "Calls of webhooks, by what followed.", labels: ["outcome"])
    troubles = metrics.counter(
      "apus_jobs_database_failures_total",
      help: "Uses of the jobs' database that failed and were tried again.")
  }

  func use(_ service: JobService?) {
    state.withLock { $0.service = service }
    changed()
  }

  // MARK: Figures

  /// Has the figures read anew, soon; one reading at a time, so that the last one's figures stay.
  func changed() {
    let service = state.withLock { state -> JobService? in
      state.isStale = true
      guard !state.isReading, let service = state.service else { return nil }
      state.isReading = true
      return service
    }
    guard let service else { return }
    Task {
      while state.withLock({ $0.goesOn() }) {
        try? await Task.sleep(for: Self.delay)
        state.withLock { $0.isStale = false }
        await read(service)
      }
    }
  }

  private func read(_ service: JobService) async {
    do throws(JobQueueError) {
      let (jobCounts, callCounts) = (try await service.counts(), try await service.deliveryCounts())
      for state in JobState.allCases { jobs.with(state.name).set(Int64(jobCounts[state] ?? 0)) }
      for state in WebhookStatus.State.allCases {
        webhooks.with("\(state)").set(Int64(callCounts[state] ?? 0))
      }
    } catch {
      happened(.troubled(error))
    }
  }

  // MARK: Events

  func happened(_ event: JobEvent) {
    switch event {
    case .started(let id, let owner, let kind, let attempt):
      log.debug(
        "job started", ("job", .text(id)), ("key", .text(owner)), ("kind", .text(kind)),
        ("attempt", .integer(attempt)))
    case .ended(let id, let owner, let kind, let state):
      log.info(
        "job ended", ("job", .text(id)), ("key", .text(owner)), ("kind", .text(kind)),
        ("state", .text(state.name)))
    case .givenBack(let id):
      log.info("job waits for the next start: the server stops", ("job", .text(id)))
    case .called(let id, let host, let outcome): called(id, host, outcome)
    case .troubled(let error): return troubled(error)
    }
    changed()
  }

  private func called(_ id: String, _ host: String, _ outcome: DeliveryOutcome) {
    let (name, problem): (String, String?) =
      switch outcome {
      case .delivered: ("delivered", nil)
      case .retry(_, let error): ("retry", error)
      case .dead(let error): ("dead", error)
      case .gone(let error): ("gone", error)
      }
    calls.with(name).increment()
    guard let problem else {
      return log.debug("webhook called", ("webhook", .text(id)), ("host", .text(host)))
    }
    log.warning(
      name == "retry"
        ? "webhook could not be delivered and is tried again" : "webhook given up: a dead letter",
      ("webhook", .text(id)), ("host", .text(host)), ("problem", .text(problem)))
  }

  private func troubled(_ error: JobQueueError) {
    troubles.increment()
    let now = ContinuousClock.now
    let isNews = state.withLock { state in
      if let last = state.trouble, last.reason == error.description,
        now - last.time < Self.troublePause
      {
        return false
      }
      state.trouble = (error.description, now)
      return true
    }
    guard isNews else { return }
    log.error(
      "the database of jobs cannot be used; it is tried again",
      ("problem", .text(error.description)))
  }
}
