/// One output and where its time went.
package struct BatchAnswer<Output: Sendable>: Sendable {
  package var output: Output
  /// From submission to the start of its batch on the engine.
  package var queued: Duration
  /// The batch's time on the engine.
  package var compute: Duration
  /// Inputs in the batch.
  package var batchSize: Int
}
