internal import Batching
internal import Metrics
import Synchronization

/// Whether the server can answer: all models were tried, as many answer as are required, the engine
/// moves, and nobody has asked it to stop.
///
/// Whatever keeps a model from answering counts alike: its files, its model.yaml, or that its folder
/// has no version.
package final class Readiness: Sendable {
  /// How many models must have a version that answers.
  package enum Requirement: String, Sendable, CaseIterable { case all, any }

  package struct Verdict: Sendable, Equatable {
    package var isLive: Bool
    package var isReady: Bool
    /// What is wrong; empty when all is well.
    package var reason: String
  }

  private struct State {
    var isLoading = true
    var isDraining = false
  }

  private let registry: ModelRegistry
  private let requirement: Requirement
  private let engineHealth: @Sendable () -> EngineHealth
  private let stuckAfter: Duration
  private let state = Mutex(State())

  /// - Parameter stuckAfter: a batch that computes for longer than this has hung.
  init(
    registry: ModelRegistry, requirement: Requirement, stuckAfter: Duration,
    engineHealth: @escaping @Sendable () -> EngineHealth
  ) {
    self.registry = registry
    self.requirement = requirement
    self.stuckAfter = stuckAfter
    self.engineHealth = engineHealth
  }

  package func finishedLoading() { state.withLock { $0.isLoading = false } }
  package func drain() { state.withLock { $0.isDraining = true } }

  /// - Parameter model: a name; nil asks about the whole server.
  package func verdict(for model: String? = nil) -> Verdict {
    let engine = engineHealth()
    if engine.busy > stuckAfter {
      let seconds = Int(engine.busy.seconds)
      return Verdict(
        isLive: false, isReady: false,
        reason: "the engine has computed one batch of \(engine.lane ?? "a model") for \(seconds) s")
    }
    let (isLoading, isDraining) = state.withLock { ($0.isLoading, $0.isDraining) }
    if isDraining { return notReady("the server is shutting down") }
    let models = registry.all.filter { model == nil || $0.name == model }
    if let waiting = models.first(where: { !$0.isReady && $0.isLoading }) {
      return notReady("model \(waiting.name) is loading")
    }
    if isLoading, model == nil { return notReady("models are loading") }
    if models.isEmpty { return notReady("no model is installed") }
    let failed = models.filter { !$0.isReady }
    let isEnough = requirement == .any && model == nil ? failed.count < models.count : failed.isEmpty
    return isEnough
      ? Verdict(isLive: true, isReady: true, reason: "") : notReady(Self.reason(failed))
  }

  private static func reason(_ failed: [ModelRegistry.Model]) -> String {
    if failed.count == 1 {
      return "no version of model \(failed[0].name) could be loaded: \(failed[0].failure ?? "")"
    }
    let names = failed.prefix(10).map(\.name).joined(separator: ", ")
    return "\(failed.count) models could not be loaded: \(names)"
      + (failed.count > 10 ? ", …" : "") + "; GetModel and the log say why"
  }

  private func notReady(_ reason: String) -> Verdict {
    Verdict(isLive: true, isReady: false, reason: reason)
  }
}
