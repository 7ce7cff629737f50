internal import Messages
package import Metrics

/// What a server counts, by name in the process's registry. What happens once a call is counted by
/// each loop for itself.
package final class ServerMetrics: Sendable {
  /// Requests answered on account of their head, without a call.
  let rejected: Counter
  /// Connections ended because the client broke the protocol or flooded.
  let violations: Counter
  /// Connections that the system could not give us.
  let acceptFailures: Counter
  private let limits: Family<Counter>
  private let calls: Family<Counter>
  private let seconds: Family<Histogram>
  private let received: TrafficMetrics
  private let sent: TrafficMetrics

  /// - Parameter loops: how many of them count.
  package init(_ registry: Registry, loops: Int) {
    rejected = registry.counter(
      "rpc_server_rejected_requests_total", help: "Requests answered without a call.")
    violations = registry.counter(
      "rpc_server_violations_total", help: "Connections ended for what their client did.")
    acceptFailures = registry.counter(
      "rpc_server_accept_failures_total",
      help: "Connections lost because the system had no file descriptor or memory left.")
    limits = registry.counters(
      "rpc_server_limit_reached_total",
      help: "Connections, streams and calls ended by a limit of that name.", labels: ["limit"])
    calls = registry.counters(
      "rpc_server_calls_total", help: "Calls that ended.", labels: ["method", "code"], bound: 1_000,
      stripes: loops)
    seconds = registry.histograms(
      "rpc_server_call_seconds", help: "Time from a call's head to its end.", unit: .seconds,
      labels: ["method"], bound: 200, stripes: loops)
    received = TrafficMetrics("received", registry, loops: loops)
    sent = TrafficMetrics("sent", registry, loops: loops)
  }

  func method(_ path: String) -> MethodMetrics {
    MethodMetrics(
      path: path, calls: calls, succeeded: calls.with(path, Status.Code.ok.name),
      seconds: seconds.with(path), received: received.method(path), sent: sent.method(path))
  }

  func reached(_ limit: Limit) { limits.with(limit.rawValue).increment() }

  /// What needs no counting because the server knows it anyway.
  static func register(_ core: ServerCore, in registry: Registry) {
    registry.sampled("rpc_server_connections", help: "Open connections.", kind: .gauge) {
      Double(core.connections.count)
    }
    registry.sampled(
      "rpc_server_open_calls", help: "Calls whose stream is open or whose handler runs.",
      kind: .gauge
    ) { Double(core.calls) }
    registry.sampled(
      "rpc_server_waiting_bytes",
      help: "Bytes of messages that wait on connections, in steps of 64 KiB.",
      kind: .gauge
    ) { Double(core.memory.bytes) }
  }
}

/// Messages of one direction, and their bytes without framing, by method.
private struct TrafficMetrics: Sendable {
  let messages: Family<Counter>
  let bytes: Family<Counter>

  init(_ direction: String, _ registry: Registry, loops: Int) {
    messages = registry.counters(
      "rpc_server_\(direction)_messages_total", help: "Messages \(direction), of calls that ended.",
      labels: ["method"], bound: 200, stripes: loops)
    bytes = registry.counters(
      "rpc_server_\(direction)_message_bytes_total",
      help: "Bytes of messages \(direction), of calls that ended.", labels: ["method"], bound: 200,
      stripes: loops)
  }

  func method(_ path: String) -> MethodMetrics.Traffic {
    MethodMetrics.Traffic(messages: messages.with(path), bytes: bytes.with(path))
  }
}

/// One method's series, found once.
struct MethodMetrics: Sendable {
  struct Traffic: Sendable {
    let messages: Counter
    let bytes: Counter

    func add(_ traffic: EndedCall.Traffic, loop: Int) {
      messages.increment(by: UInt64(traffic.messages), stripe: loop)
      bytes.increment(by: UInt64(traffic.bytes), stripe: loop)
    }
  }
  let path: String
  let calls: Family<Counter>
  let succeeded: Counter
  let seconds: Histogram
  let received: Traffic
  let sent: Traffic

  /// - Parameter loop: the index of the loop that the call lived on.
  func ended(
    _ code: Status.Code, nanoseconds: UInt64, received: EndedCall.Traffic,
    sent: EndedCall.Traffic, loop: Int
  ) {
    (code == .ok ? succeeded : calls.with(path, code.name)).increment(stripe: loop)
    seconds.record(nanoseconds, stripe: loop)
    self.received.add(received, loop: loop)
    self.sent.add(sent, loop: loop)
  }
}
