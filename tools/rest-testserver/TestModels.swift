internal import Messages

/// Models without weights: what they answer follows from what they are asked.
///
/// `embed` turns a text into four numbers, `mood` into two labels, `rows` adds numbers up, `shapes`
/// hands tensors back, `pixels` tells an image's size, `story` writes words, `slow` never answers,
/// `limited` is at its limit, `broken` fails.
struct TestModels: ApusV1.Inference {
  let probe: Probe
  let isReady: Bool

  private static let tasks: [(name: String, task: ApusV1.Task)] = [
    ("embed", .embedding), ("mood", .classification), ("rows", .tensors), ("shapes", .tensors),
    ("pixels", .tensors), ("story", .generation), ("slow", .embedding), ("limited", .embedding),
    ("broken", .embedding),
  ]

  func predict(_ request: ApusV1.PredictRequest, context: CallContext) async throws
    -> ApusV1.PredictResponse
  {
    if !request.requestID.isEmpty { context.name(request.requestID) }
    try check(request.model, request.version)
    guard (1...100).contains(request.instances.count) else {
      throw Status(
        .invalidArgument, "instances: expected 1 to 100, got \(request.instances.count)")
    }
    if request.model == "slow" { try await probe.hang() }
    if request.model == "limited" { throw Self.limited }
    if request.model == "broken" { throw Status(.internal, "the model broke", cause: Secret()) }
    if request.model == "story" {
      throw Status(.invalidArgument, "model story generates text: call StreamPredict, not Predict")
    }
    var response = ApusV1.PredictResponse(
      model: request.model, version: "1", requestID: context.requestID, latencyMs: 0.5,
      timing: ApusV1.Timing(queueMs: 0.125, computeMs: 0.25, prepareMs: 0.125, batchSize: 1))
    for (index, instance) in request.instances.enumerated() {
      response.predictions.append(try Self.predict(request.model, instance, index))
    }
    let words = UInt32(clamping: request.instances.reduce(0) { $0 + Self.words($1) })
    response.usage = ApusV1.Usage(promptTokens: words, totalTokens: words)
    response.cached = false
    context.trailingMetadata.append("ratelimit-policy", "\"requests\";q=100;w=60")
    context.trailingMetadata.append("ratelimit", "\"requests\";r=99;t=60")
    return response
  }

  private struct Secret: Error {}

  private static var limited: Status {
    var status = Status(.resourceExhausted, "100 requests in 60 s are allowed")
    status.metadata.append("retry-after", "7")
    status.metadata.append("ratelimit", "\"requests\";r=0;t=7")
    status.metadata.append("x-secret", "not for clients")
    return status
  }

  func check(_ model: String, _ version: String) throws(Status) {
    guard Self.tasks.contains(where: { $0.name == model }) else {
      throw Status(.notFound, "there is no model \(model.prefix(100))")
    }
    guard ["", "latest", "1", "stable"].contains(version) else {
      throw Status(.notFound, "model \(model) has no version \(version.prefix(100))")
    }
  }

  private static func words(_ instance: ApusV1.Instance) -> Int {
    guard case .text(let text) = instance.kind else { return 0 }
    return text.split(separator: " ").count
  }

  private static func predict(
    _ model: String, _ instance: ApusV1.Instance, _ index: Int
  ) throws(Status) -> ApusV1.Prediction {
    switch (model, instance.kind) {
    case ("embed", .text(let text)), ("slow", .text(let text)):
      let size = Float(text.utf8.count)
      return ApusV1.Prediction(
        kind: .embedding(ApusV1.Embedding(values: [size, size / 2, -size, 0.1])))
    case ("mood", .text(let text)):
      let score: Float = text.contains("good") ? 0.75 : 0.25
      let labels = [
        ApusV1.Label(label: "positive", index: 1, score: score),
        ApusV1.Label(label: "negative", index: 0, score: 1 - score),
      ]
      return ApusV1.Prediction(
        kind: .classification(
          ApusV1.Classification(labels: labels.sorted { $0.score > $1.score })))
    case ("rows", .features(let row)):
      return ApusV1.Prediction(
        kind: .values(ApusV1.Values(values: [row.values.reduce(0, +), Float(row.names.count)])))
    case ("shapes", .tensors(let tensors)): return ApusV1.Prediction(kind: .tensors(tensors))
    case ("pixels", .image(let image)):
      return ApusV1.Prediction(kind: .text("\(image.contentType) of \(image.data.count) bytes"))
    default:
      throw Status(.invalidArgument, "instances[\(index)]: model \(model) does not take this")
    }
  }

  // MARK: Generation

  /// Writes ` word0 word1 …`, shifted by the seed: as many as `max_tokens`, 8 unless given and 256
  /// at most. The prompt `forever` never ends; after `hang` and `fail` one word comes.
  func streamPredict(
    _ request: ApusV1.StreamPredictRequest,
    responses: ResponseWriter<ApusV1.StreamPredictResponse>, context: CallContext
  ) async throws {
    if !request.requestID.isEmpty { context.name(request.requestID) }
    try check(request.model, request.version)
    if request.model == "limited" { throw Self.limited }
    guard request.model == "story" else {
      throw Status(.invalidArgument, "model \(request.model) does not generate text: call Predict")
    }
    let options = request.sampling ?? ApusV1.SamplingOptions()
    let prompt = request.messages.last?.content ?? request.prompt
    let shift = Int(truncatingIfNeeded: (options.seed ?? 0) % 1000)
    let most = prompt == "forever" ? Int.max : Int(min(options.maxTokens ?? 8, 256))
    var written = 0
    var reason = ApusV1.FinishReason.length
    probe.started()
    defer { probe.ended() }
    while written < most {
      let text = " word\(written + shift)"
      if options.stop.contains(where: { text.contains($0) }) {
        reason = .stop
        break
      }
      var message = ApusV1.StreamPredictResponse(
        text: text, tokenID: UInt32(written + shift), index: UInt32(clamping: written))
      if written == 0 { identify(&message, request, context) }
      if let count = options.logprobs { message.probability = Self.probability(message, count) }
      do { try await responses.send(message) } catch {
        probe.cancelled()
        throw error
      }
      written += 1
      probe.sent()
      if prompt == "hang" { try await probe.hang() }
      if prompt == "fail" { throw Status(.internal, "the model broke") }
    }
    try await finish(request, reason, prompt, written, responses, context)
  }

  private func finish(
    _ request: ApusV1.StreamPredictRequest, _ reason: ApusV1.FinishReason, _ prompt: String,
    _ written: Int, _ responses: ResponseWriter<ApusV1.StreamPredictResponse>,
    _ context: CallContext
  ) async throws {
    var end = ApusV1.StreamPredictResponse(
      index: UInt32(clamping: written), finishReason: reason,
      usage: ApusV1.Usage(
        promptTokens: UInt32(clamping: prompt.split(separator: " ").count),
        completionTokens: UInt32(clamping: written)),
      timing: ApusV1.GenerationTiming(queueMs: 0.25, latencyMs: 1.5))
    end.usage?.totalTokens = UInt32(clamping: prompt.split(separator: " ").count + written)
    identify(&end, request, context)
    try await responses.send(end)
  }

  private func identify(
    _ message: inout ApusV1.StreamPredictResponse, _ request: ApusV1.StreamPredictRequest,
    _ context: CallContext
  ) {
    message.model = request.model
    message.version = "1"
    message.requestID = context.requestID
  }

  private static func probability(
    _ message: ApusV1.StreamPredictResponse, _ count: UInt32
  ) -> ApusV1.TokenProbability {
    let top = (0..<count).map { rank in
      ApusV1.TopToken(
        tokenID: message.tokenID + rank, text: " word\(message.tokenID + rank)",
        logprob: -0.5 - Float(rank))
    }
    return ApusV1.TokenProbability(logprob: -0.5, top: top)
  }

  // MARK: Health and models

  func health(_ request: ApusV1.HealthRequest, context: CallContext) async throws
    -> ApusV1.HealthResponse
  {
    ApusV1.HealthResponse(
      live: true, ready: isReady,
      models: Self.tasks.map { ApusV1.ModelState(name: $0.name, version: "1", state: .ready) },
      uptimeSeconds: 1.5, serverVersion: "test", reason: isReady ? "" : "story is still loading")
  }

  func listModels(_ request: ApusV1.ListModelsRequest, context: CallContext) async throws
    -> ApusV1.ListModelsResponse
  {
    ApusV1.ListModelsResponse(models: Self.tasks.map { Self.info($0.name, $0.task) })
  }

  func getModel(_ request: ApusV1.GetModelRequest, context: CallContext) async throws
    -> ApusV1.GetModelResponse
  {
    try check(request.name, request.version)
    let task = Self.tasks.first { $0.name == request.name }?.task ?? .unspecified
    return ApusV1.GetModelResponse(model: Self.info(request.name, task))
  }

  static func info(_ name: String, _ task: ApusV1.Task) -> ApusV1.ModelInfo {
    let version = ApusV1.ModelVersion(
      version: "1", state: .ready, task: task, architecture: "none", maxInstances: 100,
      readySince: 1_760_000_000)
    return ApusV1.ModelInfo(
      name: name, versions: [version], description: "A model for tests.",
      labels: [ApusV1.VersionLabel(label: "stable", version: "1", share: 0)])
  }
}
