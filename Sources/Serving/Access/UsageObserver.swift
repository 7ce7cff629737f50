internal import Accounts
internal import Messages
internal import RPC
internal import Time

/// Writes every call down when it has ended, and gives its leave back. Calls that no key or caller
/// stands behind (probes, and what was refused for its key) leave no record.
struct UsageObserver: CallObserver {
  let ledger: UsageLedger
  let clock: @Sendable () -> Moment

  init(ledger: UsageLedger, clock: @escaping @Sendable () -> Moment = Moment.now) {
    self.ledger = ledger
    self.clock = clock
  }

  func callEnded(_ call: EndedCall) {
    guard let record = call.context.record else { return }
    let facts = record.facts
    record.release(tokens: facts.tokensIn + facts.tokensOut, at: clock())
    ledger.record(
      UsageRecord(
        key: record.caller.keyID, model: facts.model, version: facts.version,
        endpoint: call.path, time: record.time, latency: call.duration,
        status: Int(call.status.code.rawValue), instances: facts.instances,
        tokensIn: facts.tokensIn, tokensOut: facts.tokensOut, cached: facts.cached,
        requestID: call.requestID))
  }
}

/// Several observers as one, called in order.
struct CallObservers: CallObserver {
  let observers: [any CallObserver]
  func callEnded(_ call: EndedCall) { for observer in observers { observer.callEnded(call) } }
}
