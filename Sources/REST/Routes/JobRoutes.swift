internal import JSON
internal import Messages

extension Route {
  static let submitJob = Route(
    .post, "/v1/jobs",
    operation: Operation(
      id: "submitJob", summary: "Submit work that may outlive the connection", tag: "Jobs",
      headers: [.init("idempotency-key", "The same again answers with the job it made first.")],
      request: .init(Operation.schema("JobRequest")),
      answers: [.json(202, "The job; its path is in `location`.", Operation.schema("Job"))])
  ) { request, gateway in
    var call = try ApusV1.SubmitJobRequest(request.object())
    if call.idempotencyKey.isEmpty { call.idempotencyKey = request.headers[.idempotencyKey] ?? "" }
    let answer = try await gateway.jobs.submitJob(call)
    var response = HTTPResponse.job(status: 202, answer.job)
    if let id = answer.job?.id, AnswerHeaders.isFieldValue(id) {
      response.headers.append(("location", "/v1/jobs/\(id)"))
    }
    return response
  }

  static let listJobs = Route(
    .get, "/v1/jobs",
    operation: Operation(
      id: "listJobs", summary: "List jobs, the newest first", tag: "Jobs",
      query: [
        .init(
          "state", "Only jobs in this state.",
          schema: #"{"enum":["queued","running","succeeded","failed","cancelled"]}"#),
        .init(
          "limit", "At most this many; 100 unless given.",
          schema: #"{"type":"integer","minimum":1,"maximum":1000}"#),
        .init("page", "`next_page` of the answer before."),
      ],
      answers: [
        .json(
          "Jobs without their results.",
          ##"""
          {"type":"object","required":["jobs","next_page"],"properties":{"jobs":{"type":"array",
          "items":{"$ref":"#/components/schemas/Job"}},"next_page":{"type":["string","null"]}}}
          """##)
      ])
  ) { request, gateway in
    let query = try QueryItems(request, allowing: ["state", "limit", "page"])
    var call = ApusV1.ListJobsRequest()
    if let name = query.value("state") {
      guard let state = ApusV1.JobState.named.first(where: { $0.name == name })?.state else {
        let names = ApusV1.JobState.named.map(\.name).joined(separator: ", ")
        throw FieldError("state", "expected one of \(names)")
      }
      call.state = state
    }
    call.limit = UInt32(try query.integer("limit", in: 1...1000) ?? 0)
    call.page = query.text("page") ?? ""
    let answer = try await gateway.jobs.listJobs(call)
    return .json { json in
      json.object { json in
        json.key("jobs")
        json.array(answer.jobs) { json, job in job.write(to: &json) }
        json.member("next_page", answer.nextPage.isEmpty ? nil : answer.nextPage)
      }
    }
  }

  private static let jobID = Operation.Parameter("id", "The job's id.")

  static let getJob = Route(
    .get, "/v1/jobs/{id}",
    operation: Operation(
      id: "getJob", summary: "Tell how far a job is, and its result", tag: "Jobs", path: [jobID],
      answers: [.json("The job.", Operation.schema("Job"))])
  ) { request, gateway in
    .job(try await gateway.jobs.getJob(ApusV1.GetJobRequest(id: request.parameters[0])).job)
  }

  static let cancelJob = Route(
    .delete, "/v1/jobs/{id}",
    operation: Operation(
      id: "cancelJob", summary: "Stop a job; one that has ended stays as it is", tag: "Jobs",
      path: [jobID], answers: [.json("The job.", Operation.schema("Job"))])
  ) { request, gateway in
    .job(try await gateway.jobs.cancelJob(ApusV1.CancelJobRequest(id: request.parameters[0])).job)
  }
}

extension HTTPResponse {
  fileprivate static func job(status: Int = 200, _ job: ApusV1.Job?) -> HTTPResponse {
    .json(status: status) { (job ?? ApusV1.Job()).write(to: &$0) }
  }
}
