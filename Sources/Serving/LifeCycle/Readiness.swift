internal import Batching
internal import Metrics
internal import Synchronization

/// Whether the server can answer: all models were tried, as many answer as are required, the engine
/// moves, and nobody has asked it to stop.
///
/// Whatever keeps a model from answering counts alike: its files, its model.yaml, or that its
/// folder has no version. One that an operator has unloaded is as it should be: it keeps no server
/// from being ready of which all models are required, but is none that answers.
package final class Readiness: Sendable {
  /// How many models must have a version that answers; of `all`, those that nobody has unloaded.
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

  private let models: @Sendable () -> [(name: String, standing: ModelRegistry.Model.Standing)]
  private let sourceProblem: @Sendable () -> String?
  private let requirement: Requirement
  private let engineHealth: @Sendable () -> EngineHealth
  private let stuckAfter: Duration
  private let state = Mutex(State())

  /// - Parameters:
  ///   - models: how they stand, by name.
  ///   - sourceProblem: why a source of models cannot be looked at; nil where all can.
  ///   - stuckAfter: a batch that computes for longer than this has hung.
  init(
    models: @escaping @Sendable () -> [(name: String, standing: ModelRegistry.Model.Standing)],
    sourceProblem: @escaping @Sendable () -> String? = { nil },
    requirement: Requirement, stuckAfter: Duration,
    engineHealth: @escaping @Sendable () -> EngineHealth
  ) {
    self.models = models
    self.sourceProblem = sourceProblem
    self.requirement = requirement
    self.stuckAfter = stuckAfter
    self.engineHealth = engineHealth
  }

  package func finishedLoading() { state.withLock { $0.isLoading = false } }
  package var isDraining: Bool { state.withLock { $0.isDraining } }
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
    let models = models().filter { model == nil || $0.name == model }
    if let waiting = models.first(where: { $0.standing == .loading }) {
      return notReady("model \(waiting.name) is loading")
    }
    if isLoading, model == nil { return notReady("models are loading") }
    if models.isEmpty {
      return notReady(sourceProblem().map { "no model is here: \($0)" } ?? "no model is installed")
    }
    let failures = models.compactMap { name, standing in
      if case .failed(let reason) = standing { (name, reason) } else { nil }
    }
    let isEnough =
      requirement == .any || model != nil
      ? models.contains { $0.standing == .ready } : failures.isEmpty
    if isEnough { return Verdict(isLive: true, isReady: true, reason: "") }
    if failures.isEmpty {
      return notReady("no version of \(model.map { "model \($0)" } ?? "any model") is loaded")
    }
    return notReady(Self.text(failures))
  }

  private static func text(_ failures: [(name: String, reason: String)]) -> String {
    if failures.count == 1 {
      return "no version of model \(failures[0].name) could be loaded: \(failures[0].reason)"
    }
    let names = failures.prefix(10).map(\.name).joined(separator: ", ")
    return "\(failures.count) models could not be loaded: \(names)"
      + (failures.count > 10 ? ", …" : "") + "; GetModel and the log say why"
  }

  private func notReady(_ reason: String) -> Verdict {
    Verdict(isLive: true, isReady: false, reason: reason)
  }
}
