internal import Metrics
package import REST

/// One line for every HTTP request that ended without reaching a method: unknown routes, malformed
/// bodies, documents. Requests that made calls are in the log as those calls.
package struct RequestLog: Sendable {
  private let log: Log
  private let scope: CallLog.Scope

  package init(log: Log, scope: CallLog.Scope) {
    self.log = log
    self.scope = scope
  }

  package func requestEnded(_ request: EndedRequest) {
    guard request.calls == 0 else { return }
    guard scope == .all || (scope == .errors && request.status >= 400) else { return }
    let level: LogEntry.Level = request.status >= 500 ? .error : .info
    guard log.admits(level) else { return }
    log.write(
      level, "request",
      [
        ("request_id", .text(request.requestID)),
        ("method", .text(request.method)),
        ("route", .text(request.route)),
        ("status", .integer(request.status)),
        ("ms", .number(request.duration.milliseconds)),
        ("peer", .text(request.peer)),
      ])
  }
}
