/// Who calls, and what it may: all that the stages after authentication know of a key.
///
/// Made once for each key and shared by all its calls; nothing in it changes.
package final class Caller: Sendable {
  package let keyID: KeyID
  package let owner: String
  /// Whether it may manage keys and models and see everybody's usage.
  package let isAdmin: Bool
  package let models: ModelScope
  package let limits: LimitPlan

  package init(
    keyID: KeyID, owner: String, isAdmin: Bool, models: ModelScope, limits: LimitPlan
  ) {
    self.keyID = keyID
    self.owner = owner
    self.isAdmin = isAdmin
    self.models = models
    self.limits = limits
  }

  /// Everybody without a key, on servers that allow it: one caller, who shares one set of limits.
  package static func anonymous(isAdmin: Bool, limits: LimitPlan) -> Caller {
    Caller(keyID: .anonymous, owner: "", isAdmin: isAdmin, models: .all, limits: limits)
  }

  package func may(useModel name: String) -> Bool { models.contains(name) }

  /// Whether it is told of a model: of those that its key opens, an administrator of all.
  package func sees(model name: String) -> Bool { isAdmin || may(useModel: name) }
}

/// The models that a key opens.
package enum ModelScope: Sendable, Equatable {
  /// Those of today and those to come.
  case all
  case only([String])

  package func contains(_ name: String) -> Bool {
    switch self {
    case .all: true
    case .only(let names): names.contains(name)
    }
  }
}
