internal import Accounts
internal import Messages
internal import Metrics
package import RPC

/// One line for every call that ended: what it was, how it went, how long it took. Never bodies.
package struct CallLog: CallObserver {
  /// Which calls are written.
  package enum Scope: String, Sendable, CaseIterable { case all, errors, none }

  private let log: Log
  private let scope: Scope

  package init(log: Log, scope: Scope) {
    self.log = log
    self.scope = scope
  }

  package func callEnded(_ call: EndedCall) {
    let failed = call.status.code != .ok
    guard scope == .all || (scope == .errors && failed) else { return }
    // The server's own failures are for the person on call; a caller's mistakes are news, not
    // alarm.
    let level: LogEntry.Level =
      switch call.status.code {
      case .internal, .unknown, .dataLoss: .error
      default: .info
      }
    guard log.admits(level) else { return }
    let trace = call.context.trace
    var fields: [LogEntry.Field] = [
      ("request_id", .text(call.requestID)),
      ("trace_id", .text(trace.traceID)),
      ("span_id", .text(trace.spanID)),
      ("path", .text(call.path)),
      ("status", .text(call.status.code.name)),
      ("ms", .number(call.duration.milliseconds)),
      ("peer", .text(call.peer)),
      ("messages_in", .integer(call.received.messages)),
      ("bytes_in", .integer(call.received.bytes)),
      ("messages_out", .integer(call.sent.messages)),
      ("bytes_out", .integer(call.sent.bytes)),
    ]
    if let record = call.context.record {
      let facts = record.facts
      fields.append(("key", .text("\(record.caller.keyID)")))
      if !facts.model.isEmpty {
        fields.append(("model", .text(facts.model)))
        fields.append(("version", .integer(facts.version)))
      }
      if facts.cached { fields.append(("cached", .flag(true))) }
      if let kind = facts.fallback { fields.append(("fallback", .text(kind.rawValue))) }
      if !facts.deprecated.isEmpty {
        fields.append(("deprecated", .text(facts.deprecated.joined(separator: ", "))))
      }
      if let limit = facts.limit { fields.append(("limit", .text(limit))) }
      if record.stages[.compute] > 0 {
        fields.append(("queue_ms", .number(Double(record.stages[.queue]) / 1e6)))
        fields.append(("compute_ms", .number(Double(record.stages[.compute]) / 1e6)))
      }
    }
    if failed {
      fields.append(("message", .text(call.status.message)))
      if let cause = call.status.cause { fields.append(("cause", .text("\(cause)"))) }
    }
    log.write(level, "call", fields)
  }
}
