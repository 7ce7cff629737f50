internal import Accounts
internal import Messages
internal import Synchronization

/// What the stages of a call learn of it, for those that come after its end: limits, usage, log and
/// metrics. Made by `AccessControl`, attached to the call's context.
final class CallRecord: Sendable {
  struct Facts: Sendable {
    /// A model of this server; empty until one is found.
    var model = ""
    var version = 0
    var instances = 0
    var tokensIn = 0
    var tokensOut = 0
    var cached = false
    /// What answered in place of the version that was asked for.
    var fallback: FallbackKind?
  }

  private struct State {
    var facts = Facts()
    var admission: Admission?
  }

  let caller: Caller
  /// When the call began.
  let time: UnixTime
  private let state = Mutex(State())

  init(caller: Caller, time: UnixTime) {
    self.caller = caller
    self.time = time
  }

  var facts: Facts { state.withLock { $0.facts } }

  func update(_ body: (inout Facts) -> Void) { state.withLock { body(&$0.facts) } }

  /// Keeps a call's leave to run until its end.
  func hold(_ admission: Admission) {
    let former = state.withLock { state in
      defer { state.admission = admission }
      return state.admission
    }
    // Of a model that did not answer after all.
    former?.finish(tokens: 0, at: .now())
  }

  /// Gives the leave back.
  ///
  /// - Parameter tokens: what the call used, charged in place of the estimate.
  func release(tokens: Int, at now: Moment) {
    let admission = state.withLock { state in
      defer { state.admission = nil }
      return state.admission
    }
    admission?.finish(tokens: tokens, at: now)
  }
}

extension CallContext {
  /// Nil where no access control stands around the methods.
  var record: CallRecord? { attachment as? CallRecord }
}
