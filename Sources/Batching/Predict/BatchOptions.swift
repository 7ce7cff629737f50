/// Bounds of one batcher, each with a default. Those that operators change have keys in model.yaml.
package struct BatchOptions: Sendable, Equatable {
  /// Most rows of a batch.
  package var maxBatchRows = 256
  /// Most tokens of a batch (sum of `BatchBackend.cost`); one input larger than this is refused.
  package var maxBatchTokens = 16_384
  /// How long an idle engine waits for company when a batch is not full. Zero: it never waits,
  /// batches form only while another runs.
  package var maxQueueDelay: Duration = .zero
  /// Most rows waiting; one more is refused with `queueFull`.
  package var maxQueueRows = 4096
  /// Most tokens waiting.
  package var maxQueueTokens = 1_048_576

  /// While other models have work too: engine time that one batch may take, as predicted from
  /// batches before it; they wait for all of it. One row goes in any case. `engine_slice` in
  /// model.yaml.
  package var engineSlice: Duration = .milliseconds(20)

  package init() {}
}
