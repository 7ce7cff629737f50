internal import Accounts
internal import Jobs
internal import Messages

/// Jobs over the queue; callers see those of their own key.
struct JobHandlers: ApusV1.Jobs {
  /// Nil where the server keeps no jobs.
  let book: JobBook?
  let checks: JobChecks

  func submitJob(_ request: ApusV1.SubmitJobRequest, context: CallContext) async throws
    -> ApusV1.SubmitJobResponse
  {
    // First of all: without jobs nothing about the request matters.
    let book = try opened()
    let new = try checks.newJob(request, of: context.record?.caller)
    let job = try await ask { jobs throws(JobQueueError) in try await jobs.submit(new) }
    book.changed()
    return ApusV1.SubmitJobResponse(job: ApusV1.Job(job))
  }

  func getJob(_ request: ApusV1.GetJobRequest, context: CallContext) async throws
    -> ApusV1.GetJobResponse
  {
    let owner = Self.owner(context)
    let job = try await ask { jobs throws(JobQueueError) in
      try await jobs.job(request.id, owner: owner)
    }
    return ApusV1.GetJobResponse(job: ApusV1.Job(job))
  }

  func listJobs(_ request: ApusV1.ListJobsRequest, context: CallContext) async throws
    -> ApusV1.ListJobsResponse
  {
    let query = try JobQuery(request, owner: Self.owner(context))
    let page = try await ask { jobs throws(JobQueueError) in try await jobs.jobs(query) }
    return ApusV1.ListJobsResponse(jobs: page.items.map { ApusV1.Job($0) }, nextPage: page.next)
  }

  func cancelJob(_ request: ApusV1.CancelJobRequest, context: CallContext) async throws
    -> ApusV1.CancelJobResponse
  {
    let owner = Self.owner(context)
    let job = try await ask { jobs throws(JobQueueError) in
      try await jobs.cancel(request.id, owner: owner)
    }
    book?.changed()
    return ApusV1.CancelJobResponse(job: ApusV1.Job(job))
  }

  private static func owner(_ context: CallContext) -> String {
    "\(context.record?.caller.keyID ?? .anonymous)"
  }

  private func opened() throws(Status) -> JobBook {
    guard let book else {
      throw Status(
        .failedPrecondition,
        "this server keeps no jobs: it was started without a file for them; give it "
          + "--jobs-database FILE")
    }
    return book
  }

  func ask<Answer: Sendable>(
    _ body: (JobService) async throws(JobQueueError) -> Answer
  ) async throws(Status) -> Answer {
    let book = try opened()
    do throws(JobQueueError) {
      return try await body(book.service)
    } catch {
      throw Status(error)
    }
  }
}
