package import Time

/// Decides whether a call may begin, and keeps count of what its key has used.
///
/// The seam behind which replicas may share their counts; `MemoryRateLimiter` counts for one
/// process.
package protocol RateLimiter: Sendable {
  /// Charges a call to its key and model, or refuses it: all its limits are looked at, and either
  /// all are charged or none. A refused call costs nothing.
  ///
  /// - Parameters:
  ///   - model: as this server knows it; empty for a call that concerns none, which computes
  ///     nothing and so takes no place among the calls at once.
  ///   - tokens: what the call will use, by estimate; `Admission.finish` corrects it.
  func admit(_ caller: Caller, model: String, tokens: Int, at now: Moment) async -> Decision

  /// Charges a call that was admitted to a stand-in besides, another model that is to answer it: to
  /// the limits of that model alone, as those of the key as a whole were charged for the call.
  func admit(_ caller: Caller, standIn model: String, tokens: Int, at now: Moment) async -> Decision
}

/// Takes an admission back in when its call has ended.
package protocol AdmissionSettling: AnyObject, Sendable {
  /// Gives the call's place back and, if `tokens` is known, charges that instead of the estimate.
  /// Called once for each admission, or once for each part of it: what the key as a whole is
  /// charged, and what the model is.
  func settle(_ charge: AdmissionCharge, tokens: Int?, at now: Moment)
}

/// Which of a key's limits a call is charged to.
package struct LimitScope: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Those of the key as a whole.
  package static let key = Self(rawValue: 1)
  /// Those of the model with this key.
  package static let model = Self(rawValue: 2)
}

/// What an admitted call was charged with.
package struct AdmissionCharge: Sendable {
  package let keyID: KeyID
  package let model: String
  /// The estimate.
  package let tokens: Int
  /// Whether it counts among the calls at once.
  package let takesPlace: Bool
  /// When, as the limiter counts it.
  package let time: Moment
  package var scope: LimitScope

  package init(
    keyID: KeyID, model: String, tokens: Int, takesPlace: Bool, time: Moment, scope: LimitScope
  ) {
    self.keyID = keyID
    self.model = model
    self.tokens = tokens
    self.takesPlace = takesPlace
    self.time = time
    self.scope = scope
  }
}
