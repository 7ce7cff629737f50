internal import Accounts
internal import EventLoop
internal import Messages
internal import Synchronization
internal import Time

/// What the stages of a call learn of it, for those that come after its end: limits, usage, log and
/// metrics. Made by `AccessControl`, attached to the call's context.
final class CallRecord: Sendable {
  struct Facts: Sendable {
    /// A model of this server; empty until one is found.
    var model = ""
    var version = 0
    /// The figures of the version that answers; nil before it is found and once they have the call.
    var metrics: VersionMetrics?
    /// The limit that the call was refused by.
    var limit: String?
    var instances = 0
    var tokensIn = 0
    var tokensOut = 0
    var cached = false
    /// What the call asks for that is to go, such as `rpc /apus.v1.Inference/Predict`.
    var deprecated: [String] = []
    /// What answered in place of the version that was asked for.
    var fallback: FallbackKind?
  }

  private struct State {
    var facts = Facts()
    var admission: Admission?
    /// Of the model that is to answer in place of the one that was asked for.
    var standIn: Admission?
  }

  let caller: Caller
  /// When the call began.
  let time: UnixTime
  private let state = Mutex(State())
  let stages: StageTimes

  /// - Parameter began: the same as `time` on the clock of stages.
  init(caller: Caller, time: UnixTime, began: LoopInstant = .monotonic) {
    self.caller = caller
    self.time = time
    stages = StageTimes(since: began)
  }

  var facts: Facts { state.withLock { $0.facts } }

  func update(_ body: (inout Facts) -> Void) { state.withLock { body(&$0.facts) } }

  /// It is known where the call goes.
  func found(_ route: ModelRoute, instances: Int) {
    update { facts in
      facts.model = route.name
      facts.instances = instances
      guard case .success(let model) = route.target else { return }
      facts.version = model.version
      facts.metrics = model.metrics
    }
    ended(.routing)
  }

  /// Something answers in place of the version that was asked for; no model where none does.
  func fellBack(_ kind: FallbackKind, to model: ServedModel?) {
    update { facts in
      facts.fallback = kind
      facts.version = model?.version ?? 0
      facts.metrics = model?.metrics
      if let model { facts.model = model.name }
    }
  }

  /// A stage has ended; it began with the end of the one before.
  func ended(_ stage: Stage) { stages.end(stage, now: .monotonic) }

  /// The call's messages are there: what waiting for them took is no stage.
  func resumed() { stages.resume(now: .monotonic) }

  /// The model has computed, after that wait.
  func computed(queue: Duration, compute: Duration) {
    stages.end(queue: queue, compute: compute, now: .monotonic)
  }

  /// The handler has ended: what is left of its time was the last stage's, and a client that traces
  /// the call is told of all of them.
  func handlerEnded(_ context: CallContext) {
    if stages[.compute] > 0 || facts.cached {
      ended(.format)
    } else if stages[.decode] == 0 {
      ended(.handler)
    }
    guard context.isTraced else { return }
    context.trailingMetadata.append("server-timing", stages.serverTiming, changes: true)
  }

  /// Keeps a call's leave to run until its end.
  func hold(_ admission: Admission) { state.withLock { $0.admission = admission } }

  /// Keeps the leave of a stand-in.
  func hold(standIn admission: Admission) { state.withLock { $0.standIn = admission } }

  /// The stand-in does not answer after all.
  func leaveStandIn(at now: Moment) {
    let standIn = state.withLock { state in
      defer { state.standIn = nil }
      return state.standIn
    }
    standIn?.finish(tokens: 0, at: now)
  }

  /// Gives the leave back.
  ///
  /// - Parameter tokens: what the call used, charged in place of the estimate; of models to the one
  ///   that answered alone.
  func release(tokens: Int, at now: Moment) {
    let (own, standIn) = state.withLock { state in
      defer { (state.admission, state.standIn) = (nil, nil) }
      return (state.admission, state.standIn)
    }
    guard let standIn else {
      own?.finish(tokens: tokens, at: now)
      return
    }
    own?.finishByStandIn(tokens: tokens, at: now)
    standIn.finish(tokens: tokens, at: now)
  }
}

extension CallContext {
  /// Nil where no access control stands around the methods.
  var record: CallRecord? { attachment as? CallRecord }
}
