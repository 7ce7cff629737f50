package import Metrics

/// Counts what the batcher of one model version does.
package final class BatchMetrics: BatchObserver {
  /// The same for all models.
  package struct Families: Sendable {
    package let queueInputs, queueTokens: Family<Gauge>
    package let batchInputs, batchTokens: Family<Histogram>
    package let queueSeconds, computeSeconds: Family<Histogram>
    package let failed, dropped: Family<Counter>

    init(_ registry: Registry) {
      let (labels, bound) = (["model", "version"], BatchingMetrics.seriesBound)
      queueInputs = registry.gauges(
        "apus_predict_queue_inputs", help: "Inputs that wait for a batch.", labels: labels,
        bound: bound)
      queueTokens = registry.gauges(
        "apus_predict_queue_tokens", help: "Tokens of the inputs that wait for a batch.",
        labels: labels, bound: bound)
      batchInputs = registry.histograms(
        "apus_predict_batch_inputs", help: "Inputs in a batch.", unit: .count, labels: labels,
        bound: bound)
      batchTokens = registry.histograms(
        "apus_predict_batch_tokens", help: "Tokens in a batch.", unit: .count, labels: labels,
        bound: bound)
      queueSeconds = registry.histograms(
        "apus_predict_queue_seconds", help: "Wait of a batch's oldest input until it began.",
        unit: .seconds, labels: labels, bound: bound)
      computeSeconds = registry.histograms(
        "apus_predict_compute_seconds", help: "Time of a batch on the engine.", unit: .seconds,
        labels: labels, bound: bound)
      failed = registry.counters(
        "apus_predict_failed_inputs_total", help: "Inputs whose computation failed.",
        labels: labels, bound: bound)
      dropped = registry.counters(
        "apus_predict_dropped_inputs_total", help: "Inputs refused or dropped before a batch.",
        labels: labels + ["reason"], bound: bound * BatchDropReason.allCases.count)
    }
  }

  private let queueInputs, queueTokens: Gauge
  private let batchInputs, batchTokens, queueSeconds, computeSeconds: Histogram
  private let failed: Counter
  private let dropped: [BatchDropReason: Counter]

  init(_ families: Families, _ model: String, _ version: String) {
    queueInputs = families.queueInputs.with(model, version)
    queueTokens = families.queueTokens.with(model, version)
    batchInputs = families.batchInputs.with(model, version)
    batchTokens = families.batchTokens.with(model, version)
    queueSeconds = families.queueSeconds.with(model, version)
    computeSeconds = families.computeSeconds.with(model, version)
    failed = families.failed.with(model, version)
    dropped = Dictionary(
      uniqueKeysWithValues: BatchDropReason.allCases.map { reason in
        (reason, families.dropped.with(model, version, reason.rawValue))
      })
  }

  package func queueChanged(inputs: Int, tokens: Int) {
    queueInputs.set(Int64(inputs))
    queueTokens.set(Int64(tokens))
  }

  package func batchComputed(_ batch: BatchReport) {
    batchInputs.record(UInt64(batch.inputs))
    batchTokens.record(UInt64(batch.tokens))
    queueSeconds.record(batch.queued)
    computeSeconds.record(batch.compute)
    if batch.failures > 0 { failed.increment(by: UInt64(batch.failures)) }
  }

  package func inputsDropped(_ count: Int, reason: BatchDropReason) {
    dropped[reason]?.increment(by: UInt64(count))
  }
}
