internal import Messages
internal import RPC
internal import Serving
internal import Time

// Long work of a server, with a caller's key.

extension Command {
  static let longWork: [Command] = [submitJob, getJob, listJobs, cancelJob] + webhooks

  private static let submitJob = Command(
    name: "jobs submit",
    summary: "Hands in work that outlives the call: texts to predict, or a --prompt to continue.",
    positionals: "MODEL [TEXT...]", arity: 1...1001,
    options: clientOptions + [
      .option("prompt", "TEXT", "generate: continue this instead of predicting"),
      featuresOption,
      .option("image", "FILE", "predict: a picture instead of texts"),
      .option("top", "K", "predict: labels to keep", initial: "all"),
      .option("version", "N", "version of the model", initial: "latest"),
      .option("webhook", "URL", "called when the job has ended"),
      .option("idempotency-key", "TEXT", "the same again is the same job, for a day"),
    ] + sampling + [.flag("json", "print JSON")]
  ) { arguments in
    var request = ApusV1.SubmitJobRequest()
    request.work = try await work(arguments)
    request.webhookURL = arguments["webhook"] ?? ""
    request.idempotencyKey = arguments["idempotency-key"] ?? ""
    try await show(arguments) { [request] in try await $0.submitJob(request, options: $1).job }
  }

  private static let getJob = Command(
    name: "jobs get", summary: "Shows how far a job is, and its result.", positionals: "JOB",
    arity: 1...1, options: clientOptions + [.flag("json", "print JSON")]
  ) { arguments in
    let request = ApusV1.GetJobRequest(id: arguments.positionals[0])
    try await show(arguments) { try await $0.getJob(request, options: $1).job }
  }

  private static let listJobs = Command(
    name: "jobs list", summary: "Lists the jobs of your key, the newest first.", positionals: "",
    arity: 0...0,
    options: clientOptions + [
      .option("state", "STATE", "queued, running, succeeded, failed or cancelled", initial: "all")
    ] + pages
  ) { arguments in
    var request = ApusV1.ListJobsRequest()
    request.state =
      try arguments.value("state", "queued, running, succeeded, failed or cancelled") { name in
        states.first { "\($0)" == name }
      } ?? .unspecified
    request.limit = try limit(arguments)
    request.page = arguments["page"] ?? ""
    let answer = try await withServer(arguments) { [request] connection, options in
      try await ApusV1.JobsClient(connection).listJobs(request, options: options)
    }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.jobs(answer) : PlainText.jobs(answer))
  }

  private static let cancelJob = Command(
    name: "jobs cancel", summary: "Stops a job; one that has ended stays as it is.",
    positionals: "JOB", arity: 1...1, options: clientOptions + [.flag("json", "print JSON")]
  ) { arguments in
    let request = ApusV1.CancelJobRequest(id: arguments.positionals[0])
    try await show(arguments) { try await $0.cancelJob(request, options: $1).job }
  }

  // MARK: Arguments

  private static let states: [ApusV1.JobState] = [
    .queued, .running, .succeeded, .failed, .cancelled,
  ]

  /// Of every command that lists.
  static let pages: [Option] = [
    .option("limit", "N", "at most this many, up to 1000", initial: "100"),
    .option("page", "PAGE", "older ones: what the list before ended with"),
    .flag("json", "print JSON"),
  ]

  static func limit(_ arguments: Arguments) throws(UsageError) -> UInt32 {
    UInt32(try arguments.integer("limit", 1...1000) ?? 0)
  }

  private static func work(
    _ arguments: Arguments
  ) async throws -> ApusV1.SubmitJobRequest.Work {
    let (model, version) = (arguments.positionals[0], arguments["version"] ?? "")
    guard let prompt = arguments["prompt"] else {
      if let option = sampling.first(where: { arguments.has($0.name) }) {
        throw UsageError("--\(option.name) goes with --prompt", command: arguments.command)
      }
      var request = ApusV1.PredictRequest(model: model, version: version)
      request.instances = try await instances(arguments)
      request.options = ApusV1.PredictOptions(
        topK: try arguments.integer("top", 1...100_000).map { UInt32($0) })
      return .predict(request)
    }
    guard arguments.positionals.count == 1,
      !["features", "image", "top"].contains(where: arguments.has)
    else {
      throw UsageError(
        "give either --prompt or what to predict on", command: arguments.command)
    }
    var request = ApusV1.StreamPredictRequest(model: model, version: version, prompt: prompt)
    request.sampling = try samplingOptions(arguments)
    return .generate(request)
  }

  private static func show(
    _ arguments: Arguments,
    _ body: (ApusV1.JobsClient, CallOptions) async throws -> ApusV1.Job?
  ) async throws {
    let job = try await withServer(arguments) { connection, options in
      try await body(ApusV1.JobsClient(connection), options) ?? ApusV1.Job()
    }
    try StandardOutput.line(arguments.has("json") ? JSONText.job(job) : PlainText.job(job))
  }
}
