internal import Messages

/// A Predict on its way through the stages. A class: each of their frames holds it.
final class PredictCall: Sendable {
  let request: ApusV1.PredictRequest
  let context: CallContext
  /// Nil where no access control stands around the method.
  let record: CallRecord?
  let start: ContinuousClock.Instant
  let requestID: String

  /// - Throws: where the request cannot be called what it wants to be called.
  init(_ request: ApusV1.PredictRequest, _ context: CallContext) throws(Status) {
    start = .now
    self.request = request
    self.context = context
    requestID = try context.requestID(wanted: request.requestID)
    record = context.record
    record?.ended(.decode)
  }

  /// When the answer is of no use any more.
  var deadline: ContinuousClock.Instant? { context.deadline }

  /// How long the computation may take to begin.
  var queueTimeout: Duration? {
    let milliseconds = request.options?.queueTimeoutMs ?? 0
    return milliseconds > 0 ? .milliseconds(Int(milliseconds)) : nil
  }

  /// Computed anew, whatever the cache holds.
  var refusesCache: Bool { request.options?.noCache ?? false }

  /// What it will use, for its key's limits.
  var estimatedTokens: Int {
    request.instances.reduce(0) { sum, instance in
      guard case .text(let text) = instance.kind else { return sum }
      return sum + LimitStage.tokens(inBytes: text.utf8.count)
    }
  }
}

/// What a model made of a request, and where the time went. A class for the same reason.
final class PredictAnswer: Sendable {
  let predictions: [ApusV1.Prediction]
  /// That were read.
  let tokens: Int
  let timing: ApusV1.Timing
  /// Not computed for this call.
  let isCached: Bool

  init(
    predictions: [ApusV1.Prediction], tokens: Int, timing: ApusV1.Timing = ApusV1.Timing(),
    isCached: Bool = false
  ) {
    self.predictions = predictions
    self.tokens = tokens
    self.timing = timing
    self.isCached = isCached
  }
}
