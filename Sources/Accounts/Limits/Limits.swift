/// How much a key may use, as a whole or of one model. What is nil is unlimited.
package struct Limits: Sendable, Equatable {
  /// Requests in any stretch of `window` seconds.
  package var requests: Int?
  /// In seconds.
  package var window: Int
  /// Tokens, in and out, in any stretch of 60 seconds.
  package var tokensPerMinute: Int?
  /// Calls at the same time.
  package var concurrent: Int?
  /// Requests in a calendar month, UTC.
  package var monthlyRequests: Int?
  /// Tokens, in and out, in a calendar month, UTC.
  package var monthlyTokens: Int?

  package init(
    requests: Int? = nil, window: Int = 60, tokensPerMinute: Int? = nil, concurrent: Int? = nil,
    monthlyRequests: Int? = nil, monthlyTokens: Int? = nil
  ) {
    self.requests = requests
    self.window = window
    self.tokensPerMinute = tokensPerMinute
    self.concurrent = concurrent
    self.monthlyRequests = monthlyRequests
    self.monthlyTokens = monthlyTokens
  }

  package static let unlimited = Limits()
  /// What a key gets where nobody said otherwise.
  package static let standard = Limits(requests: 100, window: 60)
}

/// A key's limits: as a whole, and of single models. A call has to stay within both.
///
/// A class, so that a limiter sees by its identity that a plan is still the one it knows.
package final class LimitPlan: Sendable, Equatable {
  /// The name under `models` that stands for each model that is not named there, by itself.
  package static let eachModel = "*"
  /// Models that can be named.
  package static let modelBound = 64

  package let whole: Limits
  package let models: [String: Limits]

  package init(_ whole: Limits = .standard, models: [String: Limits] = [:]) {
    self.whole = whole
    self.models = models
  }

  package static let unlimited = LimitPlan(.unlimited)

  package func limits(ofModel name: String) -> Limits? {
    models.isEmpty ? nil : models[name] ?? models[Self.eachModel]
  }

  package static func == (left: LimitPlan, right: LimitPlan) -> Bool {
    left === right || (left.whole == right.whole && left.models == right.models)
  }
}
