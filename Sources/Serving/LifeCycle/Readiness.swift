internal import Batching
internal import Metrics
import Synchronization

/// Whether the server can answer: all models were tried, each has a version that is ready, the
/// engine moves, and nobody has asked it to stop.
package final class Readiness: Sendable {
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
  private let engineHealth: @Sendable () -> EngineHealth
  private let stuckAfter: Duration
  private let state = Mutex(State())

  /// - Parameter stuckAfter: a batch that computes for longer than this has hung.
  init(
    registry: ModelRegistry, stuckAfter: Duration,
    engineHealth: @escaping @Sendable () -> EngineHealth
  ) {
    self.registry = registry
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
    if models.isEmpty, !isLoading { return notReady("no model is installed") }
    if let waiting = models.first(where: { !$0.isReady && $0.isLoading }) {
      return notReady("model \(waiting.name) is loading")
    }
    if let failed = models.first(where: { !$0.isReady }) {
      return notReady("no version of model \(failed.name) could be loaded")
    }
    return isLoading && model == nil
      ? notReady("models are loading") : Verdict(isLive: true, isReady: true, reason: "")
  }

  private func notReady(_ reason: String) -> Verdict {
    Verdict(isLive: true, isReady: false, reason: reason)
  }
}

extension ModelRegistry.Model {
  var isReady: Bool {
    versions.contains { if case .ready = $0.state { true } else { false } }
  }
  var isLoading: Bool {
    versions.contains { if case .loading = $0.state { true } else { false } }
  }
}
