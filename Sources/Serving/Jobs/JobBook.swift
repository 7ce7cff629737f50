internal import Jobs
internal import Metrics
internal import RPC

/// Long work of a server: opened with it, begun when its models answer, stopped while it drains.
final class JobBook: Sendable {
  let service: JobService
  private let work: JobWork
  private let reports: JobReports

  /// - Parameter path: the database's file; nil where there are to be no jobs.
  /// - Returns: nil for no jobs.
  /// - Throws: saying which file cannot be used and what to do.
  static func open(
    _ path: String?, _ options: JobOptions, metrics: Registry, log: Log
  ) throws(JobQueueError) -> JobBook? {
    guard let path else { return nil }
    return try JobBook(path, options, metrics: metrics, log: log)
  }

  private init(
    _ path: String, _ options: JobOptions, metrics: Registry, log: Log
  ) throws(JobQueueError) {
    let reports = JobReports(metrics: metrics, log: log)
    let work = JobWork(resultLimit: options.service.limits.result)
    service = try JobService(path, options.service, observe: { reports.happened($0) }) { job in
      try await work.perform(job)
    }
    self.work = work
    self.reports = reports
    if service.recovered > 0 {
      log.info(
        "jobs that were running when the process before ended are begun again",
        ("jobs", .integer(service.recovered)))
    }
  }

  /// Begins with the jobs; to be called when there are models.
  func start(on server: RPC.Server) async {
    work.use(server)
    reports.use(service)
    await service.start()
  }

  /// Begins with no more jobs; those that run may end for so long.
  func stop(within patience: Duration) async {
    await service.stop(within: patience)
    reports.use(nil)
    work.use(nil)
  }

  /// Jobs came, went or changed.
  func changed() { reports.changed() }
}
