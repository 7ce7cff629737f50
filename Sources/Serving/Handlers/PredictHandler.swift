internal import Batching
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// Predict: checks the request, prepares its instances, has them batched, and shapes the answer.
struct PredictHandler: Sendable {
  let registry: ModelRegistry
  let limits: LimitStage
  let longTexts: LongTextThread

  func predict(_ request: ApusV1.PredictRequest, _ context: CallContext) async throws
    -> ApusV1.PredictResponse
  {
    let start = ContinuousClock.now
    let record = context.record
    record?.ended(.decode)
    let id = try context.requestID(wanted: request.requestID)
    try await limits.admit(
      context, model: registry.contains(request.model) ? request.model : "",
      tokens: request.estimatedTokens)
    let model = try registry.resolve(request.model, version: request.version)
    record?.found(model, instances: request.instances.count)
    try Validation.checkInstances(request.instances, model)
    try Validation.checkOptions(request.options, model)
    record?.ended(.validation)
    let patience = Patience(request, context)

    var answer: Answer
    switch model.runner {
    case .embedding(let tokenizer, let batcher):
      let texts = try await TokenizedTexts.encoding(request, model, tokenizer, long: longTexts)
      let prepared = ContinuousClock.now
      let answers = try await Self.submit(texts.ids, to: batcher, patience, record)
      answer = Answer(answers, prepared: start.duration(to: prepared), tokens: texts.tokens)
      let normalizes = request.options?.normalize ?? model.facts.normalizes
      answer.predictions = answers.map { .embedding($0.output, normalizes: normalizes) }
    case .classification(let tokenizer, let batcher):
      let texts = try await TokenizedTexts.encoding(request, model, tokenizer, long: longTexts)
      let prepared = ContinuousClock.now
      let answers = try await Self.submit(texts.ids, to: batcher, patience, record)
      answer = Answer(answers, prepared: start.duration(to: prepared), tokens: texts.tokens)
      answer.predictions = answers.map {
        .classification($0.output, labels: model.facts.labels, request.options)
      }
    case .rows(let batcher):
      let rows = try Validation.rows(request.instances, width: model.facts.rowWidth)
      let prepared = ContinuousClock.now
      let answers = try await Self.submit(rows, to: batcher, patience, record)
      answer = Answer(answers, prepared: start.duration(to: prepared), tokens: 0)
      answer.predictions = answers.map {
        .rows($0.output, labels: model.facts.labels, request.options)
      }
    case .generation:
      throw Status(
        .invalidArgument, "model \(model.name) generates text: call StreamPredict, not Predict")
    }
    record?.update { $0.tokensIn = answer.tokens }
    return answer.response(model: model, id: id, latency: start.duration(to: .now))
  }

  private static func submit<Backend: BatchBackend>(
    _ inputs: [Backend.Input], to batcher: DynamicBatcher<Backend>, _ patience: Patience,
    _ record: CallRecord?
  ) async throws -> [BatchAnswer<Backend.Output>] {
    record?.ended(.prepare)
    do {
      // One instance is by far the commonest, and cheaper without the bookkeeping of a group.
      if inputs.count == 1 {
        let answer = try await batcher.submit(
          inputs[0], deadline: patience.deadline, queueTimeout: patience.queueTimeout)
        record?.computed(queue: answer.queued, compute: answer.compute)
        return [answer]
      }
      let answers = try await batcher.submit(
        all: inputs, deadline: patience.deadline, queueTimeout: patience.queueTimeout)
      record?.computed(
        queue: answers.map(\.queued).max() ?? .zero, compute: answers.map(\.compute).max() ?? .zero)
      return answers
    } catch let error as BatchingError {
      throw Status(error)
    }
  }
}

extension ApusV1.PredictRequest {
  /// What it will use, for its key's limits.
  fileprivate var estimatedTokens: Int {
    instances.reduce(0) { sum, instance in
      guard case .text(let text) = instance.kind else { return sum }
      return sum + LimitStage.tokens(inBytes: text.utf8.count)
    }
  }
}

/// How long the caller waits: for the answer, and for the computation to begin.
private struct Patience {
  let deadline: ContinuousClock.Instant?
  let queueTimeout: Duration?

  init(_ request: ApusV1.PredictRequest, _ context: CallContext) {
    deadline = context.deadline
    let milliseconds = request.options?.queueTimeoutMs ?? 0
    queueTimeout = milliseconds > 0 ? .milliseconds(Int(milliseconds)) : nil
  }
}

/// What the batches gave, and where the time went.
private struct Answer {
  var predictions: [ApusV1.Prediction] = []
  private var timing = ApusV1.Timing()
  let tokens: Int

  init<Output>(_ answers: [BatchAnswer<Output>], prepared: Duration, tokens: Int) {
    self.tokens = tokens
    timing.prepareMs = prepared.milliseconds
    timing.queueMs = answers.map(\.queued).max()?.milliseconds ?? 0
    timing.computeMs = answers.map(\.compute).max()?.milliseconds ?? 0
    timing.batchSize = UInt32(answers.map(\.batchSize).max() ?? 0)
  }

  func response(model: ServedModel, id: String, latency: Duration) -> ApusV1.PredictResponse {
    var response = ApusV1.PredictResponse()
    response.predictions = predictions
    response.model = model.name
    response.version = model.versionText
    response.requestID = id
    response.latencyMs = latency.milliseconds
    response.timing = timing
    if tokens > 0 {
      var usage = ApusV1.Usage()
      usage.promptTokens = UInt32(clamping: tokens)
      usage.totalTokens = usage.promptTokens
      response.usage = usage
    }
    return response
  }
}
