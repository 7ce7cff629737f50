/// Bounds of one batcher, each with a default. Those that operators change have keys in model.yaml.
package struct BatchOptions: Sendable, Equatable {
  /// Most inputs of a batch.
  package var maxBatchInputs = 64
  /// Most tokens of a batch (sum of `BatchBackend.cost`); one input larger than this is refused.
  package var maxBatchTokens = 4096
  /// How long an idle engine waits for company when a batch is not full. Zero: it never waits,
  /// batches form only while another runs.
  package var maxQueueDelay: Duration = .zero
  /// Most inputs waiting; one more is refused with `queueFull`.
  package var maxQueueInputs = 1024
  /// Most tokens waiting.
  package var maxQueueTokens = 1_048_576

  /// Engine time that one batch may take while other models have work too. One input goes in any
  /// case.
  package var engineSlice: Duration = EngineTurn.shared

  package init() {}
}
