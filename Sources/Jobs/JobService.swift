package import Time
package import Web

/// Long work as a server offers it: a queue in a file, a runner, and webhooks.
///
///     let jobs = try JobService("jobs.db", options) { claimed in … the result's bytes … }
///     await jobs.start()
///     let job = try await jobs.submit(NewJob(owner: …, kind: …, payload: …))
///     …
///     await jobs.stop(within: .seconds(20))
package final class JobService: Sendable {
  package struct Options: Sendable {
    package var limits = JobLimits()
    package var runner = JobRunner.Options()
    package var webhooks = WebhookSender.Options()
    /// Where webhooks may go besides the public internet.
    package var openAddresses = AddressGuard()
    /// How long jobs that have ended are kept.
    package var retention = Duration.seconds(7 * 86_400)
    /// Makes the body of a webhook's call.
    package var notice: JobNotice.Writer = JobNotice.brief
    package var clock = JobClock.system

    package init() {}
  }

  private let queue: SQLiteJobQueue
  private let runner: JobRunner
  private let sender: WebhookSender
  private let client: ClientOnDemand
  private let options: Options
  private let janitor: JobJanitor

  /// Opens the database and starts no work yet.
  ///
  /// - Parameters:
  ///   - path: the database's file.
  ///   - observe: hears what happens, on any thread.
  ///   - work: does a job.
  package init(
    _ path: String, _ options: Options = Options(),
    observe: @escaping JobEvent.Observer = { _ in },
    work: @escaping JobRunner.Work
  ) throws(JobQueueError) {
    self.options = options
    let queue = try SQLiteJobQueue(
      path: path, limits: options.limits, notice: options.notice,
      at: options.clock.now())
    var configuration = WebClient.Configuration()
    configuration.addresses = options.openAddresses
    configuration.activeLimit = options.webhooks.concurrency
    client = ClientOnDemand(configuration)
    let sender = WebhookSender(
      queue, client: client, options: options.webhooks, clock: options.clock, observe: observe)
    self.queue = queue
    self.sender = sender
    runner = JobRunner(
      queue, options: options.runner, clock: options.clock, observe: observe,
      ended: { sender.wake() }, work: work)
    janitor = JobJanitor(queue, retention: options.retention, clock: options.clock, observe)
  }

  /// Jobs that were running when the process before ended without a word; they wait again.
  package var recovered: Int { queue.recovered }

  /// Begins to work on jobs and to call webhooks; to be called when the work can be done, and ended
  /// with `stop`.
  package func start() async {
    await runner.start()
    await sender.start()
    janitor.start()
  }

  /// Begins with nothing more. What runs may end for so long, the last of which is for webhooks
  /// that are being called; jobs are given back after.
  package func stop(within patience: Duration) async {
    let farewell = min(patience / 5, .seconds(2))
    janitor.stop()
    await runner.drain(within: patience - farewell)
    await sender.stop(within: farewell)
    client.close()
  }

  // MARK: Jobs

  /// - Throws: see `JobQueue.submit`; `.invalid` too for a webhook to an internal address.
  package func submit(_ job: NewJob) async throws(JobQueueError) -> Job {
    if let url = job.webhook, let purpose = options.openAddresses.refusal(of: url) {
      throw .invalid(
        "webhook_url",
        "the webhook's address is \(purpose.rawValue): only the public internet is called, unless "
          + "the operator opens more")
    }
    let job = try await queue.submit(job, at: options.clock.now())
    runner.wake()
    return job
  }

  package func job(_ id: String, owner: String?) async throws(JobQueueError) -> Job {
    try await queue.job(id, owner: owner)
  }

  package func jobs(_ query: JobQuery) async throws(JobQueueError) -> Page<Job> {
    try await queue.jobs(query)
  }

  package func cancel(_ id: String, owner: String?) async throws(JobQueueError) -> Job {
    let job = try await queue.cancel(id, owner: owner, at: options.clock.now())
    await runner.interrupt(id)
    sender.wake()
    return job
  }

  package func counts() async throws(JobQueueError) -> [JobState: Int] {
    try await queue.counts()
  }

  // MARK: Webhooks

  package func deliveryCounts() async throws(JobQueueError) -> [WebhookStatus.State: Int] {
    try await queue.deliveryCounts()
  }

  package func deadLetters(_ query: JobQuery) async throws(JobQueueError) -> Page<DeadLetter> {
    try await queue.deadLetters(query)
  }

  package func redeliver(_ id: String, owner: String?) async throws(JobQueueError) {
    try await queue.redeliver(id, owner: owner, at: options.clock.now())
    sender.wake()
  }

  /// What an owner's receivers check signatures with, the newest first.
  package func webhookSecrets(of owner: String) async throws(JobQueueError) -> [WebhookSecret] {
    try await queue.secrets(of: owner, at: options.clock.now())
  }

  /// Gives every owner a new secret; the old ones sign along until `overlap` has passed.
  ///
  /// - Returns: when that is.
  package func rotateWebhookSecrets(overlap: Duration) async throws(JobQueueError) -> UnixTime {
    let now = options.clock.now()
    try await queue.rotateSecrets(overlap: overlap, at: now)
    return now.advanced(by: overlap)
  }
}
