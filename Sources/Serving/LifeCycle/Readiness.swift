internal import Batching
internal import Metrics
internal import Synchronization

/// Whether the server can answer: all models were tried, as many answer as are required, the engine
/// moves, and nobody has asked it to stop.
///
/// Whatever keeps a model from answering counts alike: its files, its model.yaml, or that its
/// folder has no version. One that an operator has unloaded is as it should be: it keeps no server
/// from being ready of which all models are required, but is none that answers.
///
/// A server that has been ready stays so while models load, and whatever becomes of models that are
/// added to it: who put a broken one into a bucket must not take all replicas from their callers.
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
    /// The models with which the server became ready; nil until it has.
    var firstModels: Set<String>?
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
    if isDraining { return notReady("the server is shutting down") }
    let models = models()
    guard let model else { return verdict(of: models) }
    switch models.first(where: { $0.name == model })?.standing {
    case .ready: return Self.ready
    case .loading: return notReady("model \(model) is loading")
    case .unloaded: return notReady("no version of model \(model) is loaded")
    case .failed(let reason): return notReady(Self.text([(model, reason)]))
    case nil: return noModel
    }
  }

  /// The first that is good is remembered.
  private func verdict(of models: [(name: String, standing: ModelRegistry.Model.Standing)])
    -> Verdict
  {
    state.withLock { state in
      if state.firstModels == nil {
        if let waiting = models.first(where: { $0.standing == .loading }) {
          return notReady("model \(waiting.name) is loading")
        }
        if state.isLoading { return notReady("models are loading") }
      }
      if models.isEmpty { return noModel }
      let first = state.firstModels.map { names in models.filter { names.contains($0.name) } } ?? []
      let failures = (first.isEmpty ? models : first).compactMap { name, standing in
        if case .failed(let reason) = standing { (name: name, reason: reason) } else { nil }
      }
      let isEnough =
        requirement == .any ? models.contains { $0.standing == .ready } : failures.isEmpty
      if isEnough {
        if state.firstModels == nil { state.firstModels = Set(models.map(\.name)) }
        return Self.ready
      }
      return notReady(
        failures.isEmpty ? "no version of any model is loaded" : Self.text(failures))
    }
  }

  private static let ready = Verdict(isLive: true, isReady: true, reason: "")

  private var noModel: Verdict {
    notReady(sourceProblem().map { "no model is here: \($0)" } ?? "no model is installed")
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
