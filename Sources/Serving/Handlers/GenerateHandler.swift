internal import Batching
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// StreamPredict: tokenises the prompt or the conversation, and sends every token as the scheduler
/// draws it.
struct GenerateHandler: Sendable {
  let registry: ModelRegistry
  let limits: LimitStage
  let prompts: PromptEncoder

  func generate(
    _ request: ApusV1.StreamPredictRequest,
    _ responses: ResponseWriter<ApusV1.StreamPredictResponse>, _ context: CallContext
  ) async throws {
    let start = ContinuousClock.now
    let record = context.record
    record?.ended(.decode)
    let id = try context.requestID(wanted: request.requestID)
    try await limits.admit(
      context, model: registry.contains(request.model) ? request.model : "",
      tokens: request.estimatedTokens)
    let model = try registry.resolve(request.model, version: request.version)
    record?.found(model, instances: 1)
    guard case .generation(let sequences) = model.runner else {
      throw Status(
        .invalidArgument, "model \(model.name) does not generate text: call Predict")
    }
    let (sampling, stops) = try Self.sampling(request.sampling ?? ApusV1.SamplingOptions())
    record?.ended(.validation)
    let generation = GenerationRequest(
      prompt: try await prompts.ids(of: request, model, sequences), sampling: sampling,
      maxTokens: request.sampling?.maxTokens.map { Int($0) }, stopTokens: sequences.stopTokens,
      deadline: context.deadline)
    record?.update { $0.tokensIn = generation.prompt.count }
    record?.ended(.prepare)
    let stream: TokenStream
    do {
      stream = try await sequences.scheduler.generate(generation)
    } catch let error as BatchingError {
      throw Status(error)
    }
    var writer = TokenWriter(
      responses: responses, tokenizer: sequences.tokenizer, stops: stops, model: model, id: id)
    do {
      while let token = try await stream.next() {
        record?.update { $0.tokensOut += 1 }
        try await writer.write(token)
        if writer.stopped {
          stream.finish()
          break
        }
      }
      while try await stream.next() != nil {}
    } catch let error as BatchingError {
      throw Status(error)
    }
    guard let summary = stream.summary else {
      throw Status(.internal, "the generation ended without a summary")
    }
    record?.computed(queue: summary.queued, compute: summary.total - summary.queued)
    try await writer.finish(summary, latency: start.duration(to: .now))
  }

  private static func sampling(_ options: ApusV1.SamplingOptions) throws(Status)
    -> (SamplingOptions, StopStrings)
  {
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

/// Turns drawn tokens into messages: text is held back while it may be half a character or the
/// beginning of a stop string, and comes with a later token.
private struct TokenWriter {
  let responses: ResponseWriter<ApusV1.StreamPredictResponse>
  let tokenizer: SentencePieceTokenizer
  var decoder: StreamingDecoder
  var stops: StopStrings
  let model: ServedModel
  let id: String
  private(set) var stopped = false
  private var isFirst = true

  init(
    responses: ResponseWriter<ApusV1.StreamPredictResponse>, tokenizer: SentencePieceTokenizer,
    stops: StopStrings, model: ServedModel, id: String
  ) {
    self.responses = responses
    self.tokenizer = tokenizer
    decoder = StreamingDecoder(tokenizer, continuing: true)
    self.stops = stops
    self.model = model
    self.id = id
  }

  mutating func write(_ token: GeneratedToken) async throws {
    let emission = stops.push(decoder.append(token.id))
    stopped = emission.stopped
    var message = ApusV1.StreamPredictResponse()
    message.text = emission.text
    message.tokenID = UInt32(bitPattern: token.id)
    message.index = UInt32(clamping: token.index)
    message.probability = token.probability.map { probability($0) }
    if isFirst { identify(&message) }
    isFirst = false
    try await responses.send(message)
  }

  mutating func finish(_ summary: GenerationSummary, latency: Duration) async throws {
    var message = ApusV1.StreamPredictResponse()
    if !stopped { message.text = stops.push(decoder.finish()).text + stops.finish() }
    message.index = UInt32(clamping: summary.generatedTokens)
    switch summary.reason {
    case .endOfSequence, .stop: message.finishReason = .stop
    case .length: message.finishReason = .length
    case .cancelled: throw CancellationError()
    case .deadline:
      throw Status(
        .deadlineExceeded,
        "the deadline passed after \(summary.generatedTokens) tokens were written")
    }
    identify(&message)
    var usage = ApusV1.Usage()
    usage.promptTokens = UInt32(clamping: summary.promptTokens)
    usage.completionTokens = UInt32(clamping: summary.generatedTokens)
    usage.totalTokens = usage.promptTokens + usage.completionTokens
    message.usage = usage
    message.timing = timing(summary, latency)
    try await responses.send(message)
  }

  private func probability(_ probability: TokenProbability) -> ApusV1.TokenProbability {
    ApusV1.TokenProbability(
      logprob: probability.logprob,
      top: probability.top.map { token in
        var decoder = StreamingDecoder(tokenizer, continuing: true)
        let text = decoder.append(token.id) + decoder.finish()
        return ApusV1.TopToken(
          tokenID: UInt32(bitPattern: token.id), text: text, logprob: token.logprob)
      })
  }

  private func identify(_ message: inout ApusV1.StreamPredictResponse) {
    message.model = model.name
    message.version = model.versionText
    message.requestID = id
  }

  private func timing(_ summary: GenerationSummary, _ latency: Duration)
    -> ApusV1.GenerationTiming
  {
    var timing = ApusV1.GenerationTiming()
    timing.queueMs = summary.queued.milliseconds
    timing.latencyMs = latency.milliseconds
    if let first = summary.timeToFirstToken {
      timing.timeToFirstTokenMs = first.milliseconds
      let rest = (summary.total - first).milliseconds
      if rest > 0, summary.generatedTokens > 1 {
        timing.tokensPerSecond = Double(summary.generatedTokens - 1) / rest * 1000
      }
    }
    return timing
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
