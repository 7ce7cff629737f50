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
  /// The newest earlier version that is ready; only where the chain has a use for it.
  let previous: ServedModel?

  init(
    name: String, version: Int, target: Result<ServedModel, Status>, fallback: [FallbackStep],
    fallsBackWhenFull: Bool, previous: ServedModel?
  ) {
    self.name = name
    self.version = version
    self.target = target
    self.fallback = fallback
    self.fallsBackWhenFull = fallsBackWhenFull
    self.previous = previous
  }
}

extension ModelRegistry {
  /// - Parameters: see `resolve`.
  func route(_ name: String, version: String, for caller: Caller? = nil) -> ModelRoute {
    withModels { models in
      guard let model = models[name] else {
        return ModelRoute(
          name: "", version: 0, target: .failure(Self.unknown(name, models.keys, caller)),
          fallback: [], fallsBackWhenFull: false, previous: nil)
      }
      let target = Result { () throws(Status) in try Self.resolve(version, of: model) }
      let fallback = model.settings.fallback
      let number =
        switch target {
        case .success(let served): served.version
        case .failure: Int(version) ?? model.labels[version]?.version ?? 0
        }
      return ModelRoute(
        name: model.name, version: number, target: target, fallback: fallback,
        fallsBackWhenFull: model.settings.breaker.countsOverload,
        previous: fallback.contains(.previous) ? model.newest(before: number) : nil)
    }
  }
}

extension ModelRegistry.Model {
  /// Of the earlier versions that are ready and that nobody wants out, the newest.
  fileprivate func newest(before number: Int) -> ServedModel? {
    for version in versions.reversed() where version.number < number {
      if wishes.heldOut.contains(version.number) { continue }
      if case .ready(let served, _) = version.state { return served }
    }
    return nil
  }
}
