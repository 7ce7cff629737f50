internal import Metrics
internal import REST

/// One line for every HTTP request that ended without reaching a method: unknown routes, malformed
/// bodies, documents. Requests that made calls are in the log as those calls.
struct RequestLog: Sendable {
  let log: Log
  let scope: CallLog.Scope
  let deprecations: Deprecations

  func requestEnded(_ request: EndedRequest) {
    guard request.calls == 0 else { return }
    guard scope == .all || (scope == .errors && request.status >= 400) else { return }
    let level: LogEntry.Level = request.status >= 500 ? .error : .info
    guard log.admits(level) else { return }
    var fields: [LogEntry.Field] = [
      ("request_id", .text(request.requestID)),
      ("method", .text(request.method)),
      ("route", .text(request.route)),
      ("status", .integer(request.status)),
      ("ms", .number(request.duration.milliseconds)),
      ("peer", .text(request.peer)),
    ]
    if let mark = request.routeName.flatMap({ deprecations.mark(ofRoute: $0) }) {
      fields.append(("deprecated", .text(mark.names.joined(separator: ", "))))
    }
    log.write(level, "request", fields)
  }
}
