internal import Messages
internal import Metrics
internal import RPC

/// What the tests want to know of the handlers: read from `/metrics`.
struct Probe: CallObserver {
  private let running: Gauge
  private let cancellations: Counter
  private let tokens: Counter
  private let ends: Family<Counter>

  init(_ registry: Registry) {
    running = registry.gauge("probe_running", help: "Handlers that generate or hang.")
    cancellations = registry.counter("probe_cancelled_total", help: "Handlers cancelled.")
    tokens = registry.counter("probe_tokens_total", help: "Tokens sent.")
    ends = registry.counters("probe_calls_total", help: "Calls by status.", labels: ["status"])
  }

  func started() { running.add(1) }
  func ended() { running.add(-1) }
  func sent() { tokens.increment() }
  func cancelled() { cancellations.increment() }

  /// Until the call is cancelled.
  func hang() async throws {
    running.add(1)
    defer { running.add(-1) }
    do { try await Task.sleep(for: .seconds(3_600)) } catch {
      cancellations.increment()
      throw error
    }
  }

  func callEnded(_ call: EndedCall) { ends.with(call.status.code.name).increment() }
}
