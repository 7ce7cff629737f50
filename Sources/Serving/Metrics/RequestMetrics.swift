internal import EventLoop
internal import Messages
internal import Metrics
internal import RPC

/// Counts the calls that ask a model something, when they have ended: by method, model, version and
/// status. A name or version that this server does not have is `(unknown)`, whatever callers write.
struct RequestMetrics: CallObserver {
  let families: RequestFamilies

  func callEnded(_ call: EndedCall) {
    guard let record = call.context.record else { return }
    let facts = record.facts
    if let limit = facts.limit {
      families.limited.with(RequestFamilies.name(facts.model), limit).increment()
    }
    if let version = facts.metrics {
      version.ended(call, facts, record.stages)
      // A connection may keep its last call for as long as it is idle.
      record.update { $0.metrics = nil }
    } else if Access.of(call.path) == .modelCaller {
      families.requests.with(
        call.path, RequestFamilies.name(facts.model), RequestFamilies.unknown, call.status.code.name
      ).increment()
    }
  }
}

/// The series of all models, by name in the process's registry.
final class RequestFamilies: Sendable {
  /// No model can be called this: see `ModelDirectory`.
  static let unknown = "(unknown)"
  static func name(_ model: String) -> String { model.isEmpty ? unknown : model }

  let requests, instances, tokens, stageSeconds, limited: Family<Counter>
  let seconds, queueSeconds: Family<Histogram>

  /// - Parameter loops: how many of them count.
  init(_ registry: Registry, loops: Int) {
    let (labels, bound) = (["model", "version"], 1000)
    requests = registry.counters(
      "apus_requests_total", help: "Calls that asked a model something, by how they ended.",
      labels: ["method"] + labels + ["status"], bound: 4 * bound, stripes: loops)
    instances = registry.counters(
      "apus_request_instances_total", help: "Instances that requests carried.", labels: labels,
      bound: bound, stripes: loops)
    tokens = registry.counters(
      "apus_request_tokens_total", help: "Tokens that requests carried in and answers out.",
      labels: labels + ["direction"], bound: 2 * bound, stripes: loops)
    seconds = registry.histograms(
      "apus_request_seconds", help: "Time from a call's head to its end.", unit: .seconds,
      detail: .within5Percent, labels: labels, bound: bound, stripes: loops)
    queueSeconds = registry.histograms(
      "apus_request_queue_seconds", help: "Wait of a request for its batch or first step.",
      unit: .seconds, detail: .quarters, labels: labels, bound: bound, stripes: loops)
    stageSeconds = registry.counters(
      "apus_request_stage_seconds_total", help: "Time of requests in each stage of their path.",
      labels: labels + ["stage"], bound: Stage.allCases.count * bound, unit: .seconds,
      stripes: loops)
    limited = registry.counters(
      "apus_limit_refusals_total", help: "Calls refused by a key's limit of that name.",
      labels: ["model", "limit"], bound: bound)
  }
}

/// The series of one model version, found once, when it is loaded.
///
/// Calls keep it, and with it the version counts as loaded, until their ends are counted: so no
/// series comes back that was forgotten with its version.
package final class VersionMetrics: Sendable {
  let model, version: String
  private let families: RequestFamilies
  /// The one by which the version is called rightly.
  private let method: String
  private let succeeded, instances, tokensIn, tokensOut: Counter
  private let seconds, queueSeconds: Histogram
  /// By stage.
  private let stageSeconds: [Counter]
  private let farewell: Farewell

  /// - Parameter gone: called, on whichever thread, when the last call has let go of it.
  init(
    _ families: RequestFamilies, model: String, version: String, generates: Bool,
    gone: @escaping @Sendable () -> Void
  ) {
    farewell = Farewell(gone)
    self.families = families
    self.model = model
    self.version = version
    method = "/apus.v1.Inference/" + (generates ? "StreamPredict" : "Predict")
    succeeded = families.requests.with(method, model, version, Status.Code.ok.name)
    instances = families.instances.with(model, version)
    tokensIn = families.tokens.with(model, version, "in")
    tokensOut = families.tokens.with(model, version, "out")
    seconds = families.seconds.with(model, version)
    queueSeconds = families.queueSeconds.with(model, version)
    stageSeconds = Stage.allCases.map { families.stageSeconds.with(model, version, $0.name) }
  }

  func ended(_ call: EndedCall, _ facts: CallRecord.Facts, _ stages: borrowing StageTimes) {
    let loop = call.loop
    if call.status.code == .ok, call.path == method {
      succeeded.increment(stripe: loop)
    } else {
      families.requests.with(call.path, model, version, call.status.code.name)
        .increment(stripe: loop)
    }
    seconds.record(UInt64(max(0, call.duration.saturatingNanoseconds)), stripe: loop)
    instances.increment(by: UInt64(facts.instances), stripe: loop)
    if facts.tokensIn > 0 { tokensIn.increment(by: UInt64(facts.tokensIn), stripe: loop) }
    if facts.tokensOut > 0 { tokensOut.increment(by: UInt64(facts.tokensOut), stripe: loop) }
    for stage in Stage.allCases where stages[stage] > 0 {
      stageSeconds[stage.rawValue].increment(by: stages[stage], stripe: loop)
    }
    if stages[.queue] > 0 { queueSeconds.record(stages[.queue], stripe: loop) }
  }
}

/// Tells when what holds it goes.
final class Farewell: Sendable {
  private let tell: @Sendable () -> Void
  init(_ tell: @escaping @Sendable () -> Void) { self.tell = tell }
  deinit { tell() }
}
