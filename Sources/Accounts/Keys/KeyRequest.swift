/// What a new key is to be.
package struct KeyRequest: Sendable, Equatable {
  /// Who uses it: a person, a team, a service. 1 to 128 bytes.
  package var owner: String
  /// Whom to tell about it; up to 254 bytes, empty for nobody.
  package var email: String
  /// How long it works; nil for always.
  package var lifetime: Duration?
  package var isAdmin: Bool
  package var models: ModelScope
  /// Its own limits; nil for the server's defaults.
  package var limits: LimitPlan?

  package init(
    owner: String, email: String = "", lifetime: Duration? = nil, isAdmin: Bool = false,
    models: ModelScope = .all, limits: LimitPlan? = nil
  ) {
    self.owner = owner
    self.email = email
    self.lifetime = lifetime
    self.isAdmin = isAdmin
    self.models = models
    self.limits = limits
  }

  /// Says what is wrong with the request, if anything.
  package func validate() throws(KeyRequestError) {
    try check("owner", owner, 1...128)
    try check("email", email, 0...254)
    if !email.isEmpty {
      let parts = email.split(separator: "@", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !email.contains(" ") else {
        throw KeyRequestError("email", "\"\(email)\" is no address such as name@example.org")
      }
    }
    if let lifetime, lifetime < .seconds(1) || lifetime > .seconds(3_155_760_000) {
      throw KeyRequestError("expires", "a key can be valid for 1 second up to 100 years")
    }
    if case .only(let names) = models {
      guard (1...LimitPlan.modelBound).contains(names.count), Set(names).count == names.count
      else {
        throw KeyRequestError(
          "models", "1 to \(LimitPlan.modelBound) different models, or all, are allowed")
      }
      for name in names { try check("models", name, 1...128) }
    }
    try limits?.validate()
  }

  private func check(
    _ field: String, _ text: String, _ length: ClosedRange<Int>
  ) throws(KeyRequestError) {
    guard length.contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else {
      throw KeyRequestError(
        field,
        "\(length.lowerBound) to \(length.upperBound) bytes without control characters "
          + "are allowed; this has \(text.utf8.count)")
    }
  }
}

extension LimitPlan {
  /// The largest number that any limit may be: far beyond use, and sums of it do not overflow.
  package static let largest = 1_000_000_000_000

  /// Says what is wrong with the limits, if anything.
  package func validate() throws(KeyRequestError) {
    try Self.validate(whole, "limits")
    guard models.count <= Self.modelBound else {
      throw KeyRequestError(
        "limits.models", "\(models.count) models; at most \(Self.modelBound) are allowed")
    }
    for (name, limits) in models {
      guard (1...128).contains(name.utf8.count) else {
        throw KeyRequestError("limits.models", "a model's name has 1 to 128 bytes")
      }
      try Self.validate(limits, "limits.models.\(name)")
    }
  }

  private static func validate(_ limits: Limits, _ field: String) throws(KeyRequestError) {
    let numbers = [
      ("requests", limits.requests), ("tokens_per_minute", limits.tokensPerMinute),
      ("concurrent", limits.concurrent), ("monthly_requests", limits.monthlyRequests),
      ("monthly_tokens", limits.monthlyTokens),
    ]
    for (name, number) in numbers {
      guard let number else { continue }
      guard (0...largest).contains(number) else {
        throw KeyRequestError("\(field).\(name)", "\(number); 0 to \(largest) are allowed")
      }
    }
    guard (1...86_400).contains(limits.window) else {
      throw KeyRequestError(
        "\(field).window", "\(limits.window) seconds; 1 to 86400 are allowed")
    }
  }
}

/// What is wrong with a key that was asked for.
package struct KeyRequestError: Error, Sendable, Equatable, CustomStringConvertible {
  package let field: String
  package let reason: String

  package init(_ field: String, _ reason: String) {
    self.field = field
    self.reason = reason
  }

  package var description: String { "\(field): \(reason)" }
}
