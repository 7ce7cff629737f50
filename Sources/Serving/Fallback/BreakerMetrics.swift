internal import Metrics

/// Figures of breakers and of what answered in place of whom.
final class BreakerMetrics: Sendable {
  /// Models and versions told apart; what comes beyond is counted as `other`.
  private static let seriesBound = 1000

  private let states: Family<Gauge>
  private let transitions: Family<Counter>
  private let refusals: Family<Counter>
  private let fallbacks: Family<Counter>

  init(_ metrics: Registry) {
    let labels = ["model", "version"]
    states = metrics.gauges(
      "apus_breaker_state", help: "0: calls pass; 1: single calls try; 2: calls are kept away.",
      labels: labels, bound: Self.seriesBound)
    transitions = metrics.counters(
      "apus_breaker_transitions_total", help: "Changes of a breaker's state, by the new one.",
      labels: labels + ["to"], bound: Self.seriesBound * CircuitBreaker.State.allCases.count)
    refusals = metrics.counters(
      "apus_breaker_refusals_total", help: "Calls that were kept away from a version.",
      labels: labels, bound: Self.seriesBound)
    fallbacks = metrics.counters(
      "apus_fallbacks_total", help: "Calls that something else answered, by the model asked for.",
      labels: ["model", "kind"], bound: Self.seriesBound * 3)
  }

  func moved(_ model: String, _ version: String, to state: CircuitBreaker.State) {
    transitions.with(model, version, state.rawValue).increment()
    show(model, version, state)
  }

  func show(_ model: String, _ version: String, _ state: CircuitBreaker.State) {
    let value: Int64 =
      switch state {
      case .closed: 0
      case .halfOpen: 1
      case .open: 2
      }
    states.with(model, version).set(value)
  }

  func refused(_ model: String, _ version: String) { refusals.with(model, version).increment() }

  func fellBack(from model: String, to kind: FallbackKind) {
    fallbacks.with(model, kind.rawValue).increment()
  }
}
