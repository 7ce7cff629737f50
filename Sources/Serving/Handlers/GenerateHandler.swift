internal import Batching
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// StreamPredict: tokenises the prompt or the conversation, and sends every token as the scheduler
/// draws it. Until the first token, something else may take the model's place.
struct GenerateHandler: Sendable {
  let registry: ModelRegistry
  let admission: RouteAdmission
  let fallback: FallbackStage
  let prompts: PromptEncoder

  func generate(
    _ request: ApusV1.StreamPredictRequest,
    _ responses: ResponseWriter<ApusV1.StreamPredictResponse>, _ context: CallContext
  ) async throws {
    let start = ContinuousClock.now
    let id = try context.requestID(wanted: request.requestID)
    let record = context.record
    record?.ended(.decode)
    let route = registry.route(
      request.model, version: request.version, for: record?.caller)
    let tokens = request.estimatedTokens
    try await admission.admit(route, record, context, tokens: tokens, instances: 1)
    let outcome = try await fallback.answer(route, context, record, tokens: tokens) { model in
      try await model.breaker.guarding { try await begin(request, model, context, record) }
    }
    switch outcome {
    case .answered(let opening, let model, let fallback):
      let writer = TokenWriter(
        responses: responses, tokenizer: opening.tokenizer, stops: opening.stops, model: model,
        id: id, fallback: fallback)
      do {
        try await send(opening, writer, record, since: start)
      } catch {
        model.breaker.reportLateFailure(error)
        throw (error as? BatchingError).map { Status($0) } ?? error
      }
    case .written(let answer, let fallback):
      try await Self.send(answer, fallback, responses, id, since: start)
    }
  }

  /// A stream whose first token is there.
  private struct Opening: Sendable {
    let stream: TokenStream
    let first: GeneratedToken?
    let tokenizer: SentencePieceTokenizer
    let stops: StopStrings
  }

  private func begin(
    _ request: ApusV1.StreamPredictRequest, _ model: ServedModel, _ context: CallContext,
    _ record: CallRecord?
  ) async throws -> Opening {
    guard case .generation(let sequences) = model.runner else {
      throw Status(
        .invalidArgument, "model \(model.name) does not generate text: call Predict")
    }
    let (sampling, stops) = try Validation.sampling(of: request)
    record?.ended(.validation)
    let generation = GenerationRequest(
      prompt: try await prompts.ids(of: request, model, sequences), sampling: sampling,
      maxTokens: request.sampling?.maxTokens.map { Int($0) }, stopTokens: sequences.stopTokens,
      deadline: context.deadline)
    record?.update { $0.tokensIn = generation.prompt.count }
    record?.ended(.prepare)
    let stream = try await sequences.scheduler.generate(generation)
    let first = try await stream.next()
    if first == nil, let summary = stream.summary { try Self.checkBegin(summary) }
    return Opening(
      stream: stream, first: first, tokenizer: sequences.tokenizer, stops: stops)
  }

  /// An end without any token is none where the call had no time for one.
  private static func checkBegin(_ summary: GenerationSummary) throws {
    switch summary.reason {
    case .deadline where summary.queued < summary.total:
      throw BatchingError.overran(
        after: summary.total - summary.queued,
        "the deadline passed before the first token was written")
    case .deadline:
      throw Status(.deadlineExceeded, "the deadline passed before the prompt's turn came")
    case .cancelled: throw CancellationError()
    case .endOfSequence, .stop, .length: break
    }
  }

  private func send(
    _ opening: Opening, _ writer: consuming TokenWriter, _ record: CallRecord?,
    since start: ContinuousClock.Instant
  ) async throws {
    let stream = opening.stream
    var next = opening.first
    while let token = next {
      record?.update { $0.tokensOut += 1 }
      try await writer.write(token)
      if writer.stopped {
        stream.finish()
        break
      }
      next = try await stream.next()
    }
    while try await stream.next() != nil {}
    guard let summary = stream.summary else {
      throw Status(.internal, "the generation ended without a summary")
    }
    record?.computed(queue: summary.queued, compute: summary.total - summary.queued)
    try await writer.finish(summary, latency: start.duration(to: .now))
  }

  /// What an operator wrote, as a stream of one text and an end.
  private static func send(
    _ answer: StaticAnswer, _ fallback: ApusV1.Fallback,
    _ responses: ResponseWriter<ApusV1.StreamPredictResponse>, _ id: String,
    since start: ContinuousClock.Instant
  ) async throws {
    guard case .text(let text) = answer else {
      throw Status(.unavailable, "\(fallback.reason) (its static answer is no text)")
    }
    var message = ApusV1.StreamPredictResponse(text: text)
    message.model = fallback.model
    message.requestID = id
    message.fallback = fallback
    try await responses.send(message)
    message.text = ""
    message.index = 1
    message.finishReason = .stop
    message.usage = ApusV1.Usage()
    message.timing = ApusV1.GenerationTiming()
    message.timing?.latencyMs = start.duration(to: .now).milliseconds
    try await responses.send(message)
  }
}

extension Validation {
  /// How a request wants its tokens drawn, and what ends its text.
  static func sampling(
    of request: ApusV1.StreamPredictRequest
  ) throws(Status) -> (SamplingOptions, StopStrings) {
    let options = request.sampling ?? ApusV1.SamplingOptions()
    if options.maxTokens == 0 {
      throw invalid("sampling.max_tokens", "expected at least 1, got 0; leave it out for no limit")
    }
    do throws(InferenceError) {
      return (try SamplingOptions(options), try StopStrings(options.stop))
    } catch {
      throw Status(error)
    }
  }
}

extension ApusV1.StreamPredictRequest {
  /// What it will use, for its key's limits: the prompt, and as much of an answer as it asks for.
  fileprivate var estimatedTokens: Int {
    let bytes = messages.reduce(prompt.utf8.count) { $0 + $1.content.utf8.count }
    return LimitStage.tokens(inBytes: bytes) + Int(sampling?.maxTokens ?? 0)
  }
}

/// What sampling options may be, for those who check before they ask.
package enum SamplingRanges {
  package static let temperature = SamplingOptions.temperatureRange
  package static let topK = SamplingOptions.topKRange
  package static let topP = SamplingOptions.topPRange
  package static let minP = SamplingOptions.minPRange
  package static let repetitionPenalty = SamplingOptions.repetitionPenaltyRange
}

extension SamplingOptions {
  /// Absent fields take the defaults of the contract; a missing seed is drawn.
  init(_ options: ApusV1.SamplingOptions) throws(InferenceError) {
    self.init()
    if let value = options.temperature { temperature = value }
    if let value = options.topK { topK = Int(value) }
    if let value = options.topP { topP = value }
    if let value = options.minP { minP = value }
    if let value = options.repetitionPenalty { repetitionPenalty = value }
    if let value = options.logprobs { logprobs = Int(value) }
    seed = options.seed ?? UInt64.random(in: .min ... .max)
    try validate()
  }
}
