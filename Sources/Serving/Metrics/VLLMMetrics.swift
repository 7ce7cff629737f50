internal import Batching
internal import Metrics

/// The figures of language models under the names that dashboards made for vLLM ask for
/// (https://docs.vllm.ai/en/stable/usage/metrics.html). Nothing is counted for them: they are read
/// from our own.
enum VLLMMetrics {
  /// vLLM serves one model in one version; two versions of ours are told apart by a further label.
  private static let labels = ["model_name", "version"]

  static func register(
    _ requests: RequestFamilies, _ batching: BatchingMetrics, in registry: Registry
  ) {
    let families = batching.generate
    registerLoad(families, in: registry)
    registerCounts(families, in: registry)
    let histograms: [(name: String, help: String, family: Family<Histogram>)] = [
      ("time_to_first_token", "From arrival to the first token.", families.firstTokenSeconds),
      ("inter_token_latency", "From one token of a stream to the next.", families.tokenGaps),
      (
        "request_time_per_output_token", "Mean time of a request's tokens after the first.",
        families.tokenSeconds
      ),
      ("request_queue_time", "From arrival to the first step.", families.queueSeconds),
    ]
    for (name, help, family) in histograms {
      registry.renamed(family, "vllm:\(name)_seconds", help: help, labels: labels) { $0 }
    }
    registry.renamed(
      requests.seconds, "vllm:e2e_request_latency_seconds",
      help: "Time of a request, from its head to its end.", labels: labels
    ) { values in families.tokens.contains(values) ? values : nil }
  }

  private static func registerLoad(_ families: SequenceMetrics.Families, in registry: Registry) {
    let gauges: [(name: String, help: String, family: Family<Gauge>)] = [
      ("num_requests_running", "Sequences that hold KV blocks.", families.running),
      ("num_requests_waiting", "Sequences that wait for KV blocks.", families.waiting),
    ]
    for (name, help, family) in gauges {
      registry.readings("vllm:\(name)", help: help, kind: .gauge, labels: labels) {
        family.series.map { Reading($0.values, Double($0.child.value)) }
      }
    }
    registry.readings(
      "vllm:kv_cache_usage_perc", help: "Share of the KV blocks in use; 1 is all.", kind: .gauge,
      labels: labels
    ) {
      let used = Dictionary(
        families.blocksUsed.series.map { ($0.values, $0.child.value) }, uniquingKeysWith: +)
      return families.blocks.series.map { values, blocks in
        Reading(values, Double(used[values] ?? 0) / Double(max(1, blocks.value)))
      }
    }
  }

  private static func registerCounts(_ families: SequenceMetrics.Families, in registry: Registry) {
    let counters: [(name: String, help: String, family: Family<Counter>)] = [
      ("prompt_tokens", "Prompt tokens of sequences that ended.", families.promptTokens),
      ("generation_tokens", "Tokens generated.", families.tokens),
      ("num_preemptions", "Times that a sequence gave its KV blocks up.", families.preempted),
    ]
    for (name, help, family) in counters {
      registry.readings("vllm:\(name)_total", help: help, kind: .counter, labels: labels) {
        family.series.map { Reading($0.values, Double($0.child.value)) }
      }
    }
    registry.readings(
      "vllm:request_success_total", help: "Sequences that ended, and why.", kind: .counter,
      labels: labels + ["finished_reason"]
    ) {
      var counts: [[String]: Double] = [:]
      for (values, counter) in families.finished.series {
        let reason = finishedReason(values[2])
        counts[[values[0], values[1], reason], default: 0] += Double(counter.value)
      }
      return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        .map { Reading($0.key, $0.value) }
    }
  }

  private static func finishedReason(_ reason: String) -> String {
    switch FinishReason(rawValue: reason) {
    case .endOfSequence, .stop: "stop"
    case .length: "length"
    case .cancelled, .deadline: "abort"
    case nil: reason
    }
  }
}
