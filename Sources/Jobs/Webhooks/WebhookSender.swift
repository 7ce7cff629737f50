internal import Time
internal import Web

// Deliveries that are due ─▶ claimed, within the bounds on calls at once ─▶ signed, called ─▶
// outcome written down, tried until the database takes it ─▶ the next.

/// Calls webhooks that are due, so that one which hangs holds up none but its own host's and
/// owner's.
package actor WebhookSender {
  package struct Options: Sendable {
    /// Most calls at once; at most what the client takes at once.
    package var concurrency = 16
    package var perHost = 2
    package var perOwner = 8
    /// How long a receiver has for its answer.
    package var timeout = Duration.seconds(20)
    package var policy = WebhookPolicy()
    package init() {}
  }

  private let outbox: any WebhookOutbox
  private let client: ClientOnDemand
  private let options: Options
  private let clock: JobClock
  private let observe: JobEvent.Observer
  private let spread: @Sendable () -> Double
  private nonisolated let alarm: Alarm
  private let idle: Alarm
  private var calls: [String: (delivery: Delivery, task: Task<Void, Never>)] = [:]
  private var isStopping = false
  private var loop: Task<Void, Never>?

  /// - Parameter spread: random numbers in 0..<1, for the pauses between calls.
  package init(
    _ outbox: any WebhookOutbox, client: ClientOnDemand, options: Options = Options(),
    clock: JobClock = .system, observe: @escaping JobEvent.Observer = { _ in },
    spread: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) {
    self.outbox = outbox
    self.client = client
    self.options = options
    self.clock = clock
    self.observe = observe
    self.spread = spread
    alarm = Alarm(clock: clock)
    idle = Alarm(clock: clock)
  }

  /// Begins to call. To be called once.
  package func start() {
    guard loop == nil else { return }
    loop = Task { await run() }
  }

  /// A delivery may be due.
  package nonisolated func wake() { alarm.ring() }

  /// Begins with no more calls, and lets those under way end for so long. One that is cut off is
  /// made again after the next start.
  package func stop(within patience: Duration) async {
    isStopping = true
    alarm.ring()
    await loop?.value
    let end = clock.now().advanced(by: patience)
    while !calls.isEmpty, case let left = clock.now().duration(to: end), left > .zero {
      await idle.wait(atMost: left)
    }
    for call in calls.values { call.task.cancel() }
  }

  private func run() async {
    while !isStopping {
      let pause = await callWhatIsDue()
      if isStopping { return }
      await alarm.wait(atMost: pause)
    }
  }

  /// - Returns: how long there is nothing to do; nil for until something changes.
  private func callWhatIsDue() async -> Duration? {
    do throws(JobQueueError) {
      while calls.count < options.concurrency {
        let now = clock.now()
        // One by one, so that no bound on hosts and owners is exceeded.
        let due = try await outbox.dueDeliveries(
          at: now, until: now.advanced(by: options.timeout * 2 + .seconds(10)), limit: 1,
          load: load)
        guard let delivery = due.first else { break }
        begin(delivery)
      }
      // What is due and was not begun waits for a call to end, which rings.
      let now = clock.now()
      return try await outbox.nextDue(after: now).map { now.duration(to: $0) }
    } catch {
      observe(.troubled(error))
      return .seconds(1)
    }
  }

  private var load: DeliveryLoad {
    var hosts: [String: Int] = [:]
    var owners: [String: Int] = [:]
    for (delivery, _) in calls.values {
      hosts[delivery.host, default: 0] += 1
      owners[delivery.owner, default: 0] += 1
    }
    var load = DeliveryLoad()
    load.hosts = Set(hosts.filter { $0.value >= options.perHost }.keys)
    load.owners = Set(owners.filter { $0.value >= options.perOwner }.keys)
    return load
  }

  private func begin(_ delivery: Delivery) {
    calls[delivery.id] = (delivery, Task { await self.call(delivery) })
  }

  private func call(_ delivery: Delivery) async {
    let result: Result<WebResponse, WebError>
    do throws(JobQueueError) { result = try await send(delivery) } catch {
      // Not called at all: it is free again when its lease ends.
      observe(.troubled(error))
      return end(delivery)
    }
    // A call cut off by the end of the server is no try.
    if case .failure(let error) = result, error.kind == .cancelled || error.kind == .closed {
      return end(delivery)
    }
    let now = clock.now()
    let outcome = options.policy.outcome(
      of: result, calls: delivery.attempts + 1, at: now, spread: spread())
    observe(.called(webhook: delivery.id, host: delivery.host, outcome: outcome))
    var pause = Duration.milliseconds(100)
    while true {
      do throws(JobQueueError) {
        try await outbox.record(outcome, of: delivery.id, at: now)
        return end(delivery)
      } catch {
        observe(.troubled(error))
        // The receiver is told again after the next start.
        if isStopping { return end(delivery) }
        await clock.sleep(pause)
        pause = min(pause * 2, .seconds(10))
      }
    }
  }

  private func end(_ delivery: Delivery) {
    calls[delivery.id] = nil
    alarm.ring()
    if calls.isEmpty { idle.ring() }
  }

  private func send(
    _ delivery: Delivery
  ) async throws(JobQueueError) -> Result<WebResponse, WebError> {
    let now = clock.now()
    let secrets = try await outbox.secrets(of: delivery.owner, at: now)
    do throws(WebError) {
      var request = WebRequest(.post, try WebURL(delivery.url))
      request.body = delivery.body
      request.timeouts.total = options.timeout
      request.responseLimit = 65_536
      request.headers =
        [("content-type", "application/json")]
        + WebhookSecret.headers(
          id: delivery.id, timestamp: now.microseconds / 1_000_000, body: delivery.body,
          secrets: secrets)
      return .success(try await client.started().send(request))
    } catch {
      return .failure(error)
    }
  }
}
