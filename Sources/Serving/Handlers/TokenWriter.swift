internal import Batching
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// Turns drawn tokens into messages: text is held back while it may be half a character or the
/// beginning of a stop string, and comes with a later token.
struct TokenWriter {
  let responses: ResponseWriter<ApusV1.StreamPredictResponse>
  let tokenizer: SentencePieceTokenizer
  var decoder: StreamingDecoder
  var stops: StopStrings
  let model: ServedModel
  let id: String
  let fallback: ApusV1.Fallback?
  private(set) var stopped = false
  private var isFirst = true

  init(
    responses: ResponseWriter<ApusV1.StreamPredictResponse>, tokenizer: SentencePieceTokenizer,
    stops: StopStrings, model: ServedModel, id: String, fallback: ApusV1.Fallback?
  ) {
    self.responses = responses
    self.tokenizer = tokenizer
    decoder = StreamingDecoder(tokenizer, continuing: true)
    self.stops = stops
    self.model = model
    self.id = id
    self.fallback = fallback
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
    message.fallback = fallback
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
