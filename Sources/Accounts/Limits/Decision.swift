internal import Synchronization
package import Time

/// A limiter's answer.
package enum Decision: Sendable {
  case admitted(Admission)
  case refused(LimitRefusal)

  /// Every limit that applies to the call, after it.
  package var readings: [LimitReading] {
    switch self {
    case .admitted(let admission): admission.readings
    case .refused(let refusal): refusal.readings
    }
  }

  /// What those limits are, as `ratelimit-policy` says it.
  package var policy: String {
    switch self {
    case .admitted(let admission): admission.policy
    case .refused(let refusal): refusal.policy
    }
  }
}

/// One limit as it stands.
package struct LimitReading: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case requests, tokens, concurrent
    case monthlyRequests = "month-requests"
    case monthlyTokens = "month-tokens"
  }

  package let kind: Kind
  /// Whether it is the limit of one model, not of the key as a whole.
  package let isOfModel: Bool
  package let quota: Int
  /// In seconds; nil for calls at the same time.
  package let window: Int?
  package let remaining: Int
  /// In nanoseconds, when more of it is there again: the oldest charge leaves the window, the month
  /// ends. Zero when nothing is used, and where no clock decides.
  package let resetNanoseconds: UInt64

  package var reset: Duration { .nanoseconds(Int64(clamping: resetNanoseconds)) }

  /// As clients are told, such as `requests` or `model-month-tokens`.
  package var name: String { isOfModel ? "model-\(kind.rawValue)" : kind.rawValue }
}

/// A call may not begin: 429, RESOURCE_EXHAUSTED.
package struct LimitRefusal: Sendable {
  /// The limit that is in the way; of several, the one that stays there longest.
  package let limit: LimitReading
  /// After what time the same call will be admitted if nothing else is called; nil for never,
  /// because it asks for more than the whole quota.
  package let retryAfter: Duration?
  package let readings: [LimitReading]
  package let policy: String

  /// For the client: what the limit is and what to do.
  package var message: String {
    let owner = limit.isOfModel ? "for this model with this key" : "for this key"
    let rule =
      switch limit.kind {
      case .requests: "\(limit.quota) requests per \(limit.window ?? 0) s"
      case .tokens: "\(limit.quota) tokens per \(limit.window ?? 0) s"
      case .concurrent: "\(limit.quota) calls at the same time"
      case .monthlyRequests: "\(limit.quota) requests a month"
      case .monthlyTokens: "\(limit.quota) tokens a month"
      }
    guard let retryAfter else {
      return "rate limit: this call asks for more than the \(rule) that are allowed \(owner)"
    }
    return "rate limit: \(rule) are allowed \(owner); try again in "
      + "\(wholeSeconds(retryAfter)) s"
  }
}

/// A call's leave to run. Hold it as long as the call runs and `finish` it once; one that is let go
/// of unfinished gives its place back and keeps its estimate charged.
package final class Admission: Sendable {
  /// Every limit that applies, after this call was charged.
  package let readings: [LimitReading]
  package let policy: String
  private let charge: AdmissionCharge
  private let settling: any AdmissionSettling
  private let isSettled = Atomic(false)

  package init(
    _ charge: AdmissionCharge, readings: [LimitReading], policy: String,
    settling: any AdmissionSettling
  ) {
    self.charge = charge
    self.readings = readings
    self.policy = policy
    self.settling = settling
  }

  deinit { finish(tokens: nil, at: charge.time) }

  /// Ends the call. Later calls of this do nothing.
  ///
  /// - Parameter tokens: what it used, in and out; nil to leave the estimate as it is.
  package func finish(tokens: Int?, at now: Moment) {
    if settlesFirst() { settling.settle(charge, tokens: tokens, at: now) }
  }

  /// Ends a call that a stand-in answered: the key as a whole is charged what it used, the model
  /// that was asked for nothing.
  package func finishByStandIn(tokens: Int?, at now: Moment) {
    guard settlesFirst() else { return }
    settling.settle(part(.key), tokens: tokens, at: now)
    settling.settle(part(.model), tokens: 0, at: now)
  }

  private func settlesFirst() -> Bool { !isSettled.exchange(true, ordering: .relaxed) }

  private func part(_ scope: LimitScope) -> AdmissionCharge {
    var part = charge
    part.scope = scope
    return part
  }
}

/// Rounded up, as a client that comes back early is refused again; at least 1.
func wholeSeconds(_ duration: Duration) -> Int { wholeSeconds(duration.nanoseconds) }

func wholeSeconds(_ nanoseconds: UInt64) -> Int {
  max(1, Int(nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 > 0 ? 1 : 0)))
}
