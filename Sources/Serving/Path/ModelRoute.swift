internal import Accounts
internal import Messages

/// Where a call goes: the version that it asks for, and what stands in for it. Found under one lock
/// and before anything is refused, so that a call is charged to its model even if that cannot
/// answer.
package final class ModelRoute: Sendable {
  /// A model of this server; empty where the call names none.
  package let name: String
  /// Its number as far as it is known; 0 otherwise.
  let version: Int
  let target: Result<ServedModel, Status>
  let fallback: [FallbackStep]
  let fallsBackWhenFull: Bool
  /// Earlier versions that are ready, the newest first; only where the chain has a use for them.
  let earlier: [ServedModel]

  init(
    name: String, version: Int, target: Result<ServedModel, Status>, fallback: [FallbackStep],
    fallsBackWhenFull: Bool, earlier: [ServedModel]
  ) {
    self.name = name
    self.version = version
    self.target = target
    self.fallback = fallback
    self.fallsBackWhenFull = fallsBackWhenFull
    self.earlier = earlier
  }
}

extension ModelRegistry {
  /// Of all versions that take calls.
  var generations: Set<UInt64> {
    withModels { models in
      var generations: Set<UInt64> = []
      for version in models.values.flatMap(\.versions) {
        if case .ready(let served, _) = version.state { generations.insert(served.generation) }
      }
      return generations
    }
  }

  /// - Parameter version: see `resolve`.
  func route(_ name: String, version: String) -> ModelRoute {
    withModels { models in
      guard let model = models[name] else {
        return ModelRoute(
          name: "", version: 0, target: .failure(Self.unknown(name, models.keys)), fallback: [],
          fallsBackWhenFull: false, earlier: [])
      }
      let target = Result { () throws(Status) in try Self.resolve(version, of: model) }
      let fallback = model.settings.fallback
      let number =
        switch target {
        case .success(let served): served.version
        case .failure: Int(version) ?? model.labels[version]?.version ?? 0
        }
      var earlier: [ServedModel] = []
      if fallback.contains(.previous) {
        for other in model.versions.reversed() where other.number < number {
          if model.wishes.heldOut.contains(other.number) { continue }
          if case .ready(let served, _) = other.state { earlier.append(served) }
        }
      }
      return ModelRoute(
        name: model.name, version: number, target: target, fallback: fallback,
        fallsBackWhenFull: model.settings.breaker.countsOverload, earlier: earlier)
    }
  }
}
