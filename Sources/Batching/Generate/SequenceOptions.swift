/// Bounds of one sequence scheduler, each with a default. Those that operators change have keys in
/// model.yaml.
package struct SequenceOptions: Sendable, Equatable {
  /// Tokens one step may feed, over all sequences: running sequences first, then prompt chunks.
  package var maxStepTokens = 256
  /// Most sequences that hold KV blocks at once; at most `maxStepTokens`.
  package var maxRunning = 128
  /// Most sequences waiting for blocks; one more is refused with `queueFull`.
  package var maxWaiting = 1024
  /// Most prompt tokens waiting.
  package var maxWaitingTokens = 262_144
  /// Tokens kept for a slow reader before its sequence is paused.
  package var streamBuffer = 16

  /// Engine time that one step may take while other models have work too; prompt chunks are cut to
  /// that.
  package var engineSlice: Duration = EngineTurn.shared

  package init() {}
}
