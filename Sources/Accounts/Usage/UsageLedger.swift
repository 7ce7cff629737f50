package import Metrics
import Synchronization
package import Threads

/// Writes down every request, off the path of the requests: they are put into a bounded queue, and
/// a thread writes them in batches, each in one transaction.
///
/// What can be lost. A close (SIGTERM) writes everything. A killed process (SIGKILL) loses what
/// was recorded within `period` and the time of one transaction before: with the default of 25 ms,
/// well under 100 ms. While the store fails (a full disk, a lock that stays) the queue holds what
/// comes and the thread tries again; when the queue is full, requests go on and what they leave is
/// counted instead of kept: in the metric, in an event, and, as soon as the store is back, in a
/// `UsageGap` that reports show. Who would rather refuse than serve unrecorded asks `hasRoom`
/// before a call.
package final class UsageLedger: Sendable {
  package struct Settings: Sendable {
    /// Records that wait at most; each takes about 200 bytes.
    package var capacity = 65_536
    /// Longest time from a record to the beginning of its transaction.
    package var period = Duration.milliseconds(25)
    /// Records in one transaction at most; as many start one before its time.
    package var batch = 4096
    /// How long a close waits for a failing store before it gives up.
    package var closingPatience = Duration.seconds(5)

    package init() {}
  }

  /// What an operator should read in the log: the first of a row of equal ones.
  package enum Event: Sendable, Equatable {
    case writeFailed(StoreError)
    case recovered(failures: Int)
    /// From here on records are counted, not kept.
    case full(capacity: Int)
    /// Records that the closing could not write.
    case abandoned(Int)
  }

  private let store: any Store
  private let quotas: (any QuotaSource)?
  private let metrics: UsageMetrics
  private let clock: @Sendable () -> Moment
  private let report: @Sendable (Event) -> Void
  private let capacity: Int
  private let queue: Mutex<LedgerQueue>
  private let wake = WakeSignal()
  private let thread = Mutex<ServiceThread?>(nil)

  /// - Parameters:
  ///   - store: its calls block the ledger's thread only.
  ///   - quotas: whose changes are written along, at least every second.
  ///   - report: called on the ledger's thread, or a recording one when the queue is full.
  package init(
    store: any Store, quotas: (any QuotaSource)? = nil, settings: Settings = Settings(),
    metrics: UsageMetrics, clock: @escaping @Sendable () -> Moment = Moment.now,
    report: @escaping @Sendable (Event) -> Void
  ) {
    self.store = store
    self.quotas = quotas
    self.metrics = metrics
    self.clock = clock
    self.report = report
    capacity = settings.capacity
    queue = Mutex(LedgerQueue(settings: settings))
  }

  /// Starts the thread.
  package func start() throws(ThreadError) {
    let started = try ServiceThread("usage") { [self] in
      while let wait = step() { if wait > .zero { _ = wake.wait(atMost: wait) } }
    }
    thread.withLock { $0 = started }
  }

  /// Notes down a request. Never waits for the store.
  ///
  /// - Returns: false if the queue was full and the request was only counted.
  @discardableResult
  package func record(_ record: UsageRecord) -> Bool {
    switch queue.withLock({ $0.append(record) }) {
    case .kept: return true
    case .wake:
      wake.signal()
      return true
    case .lost(let isFirst):
      metrics.lost.increment()
      if isFirst { report(.full(capacity: capacity)) }
      return false
    }
  }

  /// Whether the next record would be kept.
  package var hasRoom: Bool { queue.withLock { $0.hasRoom } }

  /// Writes everything and ends the thread. No records may come after.
  package func close() {
    let now = clock().monotonic
    queue.withLock { $0.close(at: now) }
    wake.signal()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  /// Does the next thing that is due: the body of the thread, and all of it.
  ///
  /// - Returns: how long there is nothing more to do; nil when the ledger is closed.
  func step() -> Duration? {
    let step = queue.withLock { queue in
      metrics.waiting.set(Int64(queue.count))
      return queue.next(at: clock().monotonic)
    }
    switch step {
    case .wait(let nanoseconds): return .nanoseconds(Int64(clamping: nanoseconds))
    case .stop(let abandoned):
      if abandoned > 0 { report(.abandoned(abandoned)) }
      return nil
    case .write(var batch, let isRetry):
      if !isRetry, let quotas { batch.quotas = quotas.takeChanges() }
      write(batch)
      return .zero
    }
  }

  private func write(_ batch: UsageBatch) {
    let begin = clock().monotonic
    do throws(StoreError) {
      if !batch.isEmpty { try store.write(batch) }
    } catch {
      metrics.failures.increment()
      let now = clock().monotonic
      if queue.withLock({ $0.failed(batch, at: now) }) { report(.writeFailed(error)) }
      return
    }
    if !batch.isEmpty {
      metrics.written.increment(by: UInt64(batch.records.count))
      metrics.duration.record(clock().monotonic - begin)
    }
    let failures = queue.withLock { $0.committed() }
    if failures > 0 { report(.recovered(failures: failures)) }
  }
}

/// How the ledger fares.
package struct UsageMetrics: Sendable {
  let written: Counter
  let lost: Counter
  let failures: Counter
  let waiting: Gauge
  let duration: Histogram

  package init(in registry: Registry) {
    written = registry.counter(
      "apus_usage_records_written_total", help: "Usage records written to the store.")
    lost = registry.counter(
      "apus_usage_records_lost_total",
      help: "Requests served that left no usage record, as the queue was full.")
    failures = registry.counter(
      "apus_usage_write_failures_total", help: "Batches of usage that the store refused.")
    waiting = registry.gauge(
      "apus_usage_records_waiting", help: "Usage records not yet written.")
    duration = registry.histogram(
      "apus_usage_write_seconds", help: "Time to write one batch of usage.", unit: .seconds)
  }
}
