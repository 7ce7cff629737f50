/// Told what a batcher does, on its executor; for metrics. Must return quickly.
package protocol BatchObserver: Sendable {
  /// After arrivals, drops and batches: what waits now.
  func queueChanged(inputs: Int, tokens: Int)
  func batchComputed(_ batch: BatchReport)
  func inputsDropped(_ count: Int, reason: BatchDropReason)
}

package enum BatchDropReason: String, Sendable, CaseIterable {
  /// The queue was full.
  case queueFull = "queue_full"
  /// The deadline passed while waiting.
  case expired
  /// Refused on arrival: the fitted cost says it cannot be ready in time.
  case hopeless
  /// Waited for longer than its queue timeout.
  case queueTimeout = "queue_timeout"
  case cancelled
}

package struct BatchReport: Sendable {
  package var inputs: Int
  package var tokens: Int
  /// From the oldest input's submission to the start.
  package var queued: Duration
  package var compute: Duration
  /// Inputs whose computation failed.
  package var failures: Int
}
