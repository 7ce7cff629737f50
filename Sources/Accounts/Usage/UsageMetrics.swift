package import Metrics

/// How the ledger fares.
package struct UsageMetrics: Sendable {
  let written: Counter
  let lost: Counter
  let failures: Counter
  let waiting: Gauge
  let duration: Histogram

  package init(in registry: Registry) {
    written = registry.counter(
      "apus_usage_records_written_total", help: "Usage records written to the store.")
    lost = registry.counter(
      "apus_usage_records_lost_total",
      help: "Requests served that left no usage record, as the journal was full.")
    failures = registry.counter(
      "apus_usage_write_failures_total", help: "Batches of usage that the store refused.")
    waiting = registry.gauge(
      "apus_usage_records_waiting", help: "Usage records not yet written.")
    duration = registry.histogram(
      "apus_usage_write_seconds", help: "Time to write one batch of usage.", unit: .seconds)
  }
}
