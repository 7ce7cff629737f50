internal import Messages
internal import Metrics

/// Makes the response of an answer.
enum PredictFormatter {
  /// Not inlined: the response's size has no business in the frames of the stages.
  @inline(never)
  static func response(
    _ call: PredictCall, _ outcome: FallbackStage.Outcome<PredictAnswer>
  ) -> ApusV1.PredictResponse {
    var response = ApusV1.PredictResponse()
    switch outcome {
    case .answered(let answer, let model, let fallback):
      response.predictions = answer.predictions
      response.model = model.name
      response.version = model.versionText
      response.timing = answer.timing
      response.cached = answer.isCached
      response.fallback = fallback
      if answer.tokens > 0 { response.usage = usage(answer.tokens) }
    case .written(let answer, let fallback):
      response.predictions = Array(
        repeating: ApusV1.Prediction(answer), count: call.request.instances.count)
      // No model computed it; the one that it stands for keeps answers readable.
      response.model = fallback.model
      response.fallback = fallback
    }
    response.requestID = call.requestID
    response.latencyMs = call.start.duration(to: .now).milliseconds
    return response
  }

  private static func usage(_ tokens: Int) -> ApusV1.Usage {
    var usage = ApusV1.Usage()
    usage.promptTokens = UInt32(clamping: tokens)
    usage.totalTokens = usage.promptTokens
    return usage
  }
}

extension ApusV1.Prediction {
  init(_ answer: StaticAnswer) {
    self.init()
    switch answer {
    case .label(let text, let score):
      kind = .classification(
        ApusV1.Classification(labels: [ApusV1.Label(label: text, score: score)]))
    case .values(let values): kind = .values(ApusV1.Values(values: values))
    case .embedding(let values): kind = .embedding(ApusV1.Embedding(values: values))
    case .text(let text): kind = .text(text)
    }
  }
}
