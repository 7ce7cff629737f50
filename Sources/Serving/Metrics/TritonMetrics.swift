internal import Batching
internal import Metrics

/// The figures under the names that dashboards made for Triton ask for
/// (https://github.com/triton-inference-server/server/blob/main/docs/user_guide/metrics.md).
/// Nothing is counted for them: they are read from our own.
enum TritonMetrics {
  static func register(
    _ requests: RequestFamilies, _ batching: BatchingMetrics, in registry: Registry
  ) {
    registerRequests(requests, in: registry)
    registerExecutions(batching, in: registry)
    registry.readings(
      "nv_inference_request_duration_us", help: "Time of requests, from their head to their end.",
      kind: .counter, labels: labels
    ) { requests.seconds.series.map { Reading($0.values, Double($0.child.sum / 1000)) } }
    let stages: [(name: String, help: String, stages: [Stage])] = [
      ("queue", "Time in which requests waited for a batch.", [.queue]),
      ("compute_input", "Time in which requests were prepared.", [.decode, .validation, .prepare]),
      ("compute_infer", "Time in which requests' batches computed.", [.compute]),
      ("compute_output", "Time in which answers were shaped.", [.format]),
    ]
    for (name, help, stages) in stages {
      let names = Set(stages.map(\.name))
      registry.readings(
        "nv_inference_\(name)_duration_us", help: help, kind: .counter, labels: labels
      ) {
        sums(requests.stageSeconds.series.filter { names.contains($0.values[2]) }) { $0 / 1000 }
      }
    }
  }

  private static let labels = ["model", "version"]

  private static func registerRequests(_ requests: RequestFamilies, in registry: Registry) {
    registry.readings(
      "nv_inference_request_success", help: "Requests that were answered.", kind: .counter,
      labels: labels
    ) {
      // Method, model, version, status.
      // A model answers to more than one method.
      sums(
        requests.requests.series.filter { $0.values[3] == "OK" }
          .map { (Array($0.values[1...2]), $0.child) })
    }
    registry.readings(
      "nv_inference_request_failure", help: "Requests that failed, by reason.", kind: .counter,
      labels: labels + ["reason"]
    ) {
      var counts: [[String]: Double] = [:]
      for (values, counter) in requests.requests.series where values[3] != "OK" {
        counts[[values[1], values[2], reason(values[3])], default: 0] += Double(counter.value)
      }
      return readings(counts)
    }
  }

  private static func reason(_ status: String) -> String {
    switch status {
    case "RESOURCE_EXHAUSTED": "REJECTED"
    case "CANCELLED": "CANCELED"
    case "INTERNAL": "BACKEND"
    default: "OTHER"
    }
  }

  private static func registerExecutions(_ batching: BatchingMetrics, in registry: Registry) {
    let (predict, generate) = (batching.predict, batching.generate)
    registry.readings(
      "nv_inference_count", help: "Inferences: inputs of batches, and sequences that ended.",
      kind: .counter, labels: labels
    ) {
      predict.batchInputs.series.map { Reading($0.values, Double($0.child.sum)) }
        + sums(generate.finished.series)
    }
    registry.readings(
      "nv_inference_exec_count", help: "Batches and steps that the engine computed.",
      kind: .counter, labels: labels
    ) {
      (predict.batchInputs.series + generate.stepTokens.series)
        .map { Reading($0.values, Double($0.child.count)) }
    }
    registry.readings(
      "nv_inference_pending_request_count", help: "Inputs and sequences that wait.", kind: .gauge,
      labels: labels
    ) {
      (predict.queueInputs.series + generate.waiting.series)
        .map { Reading($0.values, Double($0.child.value)) }
    }
  }

  // MARK: Sums

  /// Of counters whose first two labels are model and version.
  private static func sums(
    _ series: [(values: [String], child: Counter)], _ exposed: (UInt64) -> UInt64 = { $0 }
  ) -> [Reading] {
    var counts: [[String]: Double] = [:]
    for (values, counter) in series {
      counts[Array(values[0...1]), default: 0] += Double(exposed(counter.value))
    }
    return readings(counts)
  }

  private static func readings(_ counts: [[String]: Double]) -> [Reading] {
    counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { Reading($0.key, $0.value) }
  }
}
