/// A model that turns a whole batch into answers: encoders, classifiers, tables.
///
/// `compute` runs on the engine's own thread; it is never called concurrently for one value.
/// Batch-proof: the answer for an input is bit-identical alone and in any batch.
package protocol BatchBackend: Sendable {
  associatedtype Input: Sendable
  associatedtype Output: Sendable

  /// Work of one input in tokens (rows count 1 each); at least 1. Batches form by budgets on it.
  func cost(of input: Input) -> Int

  /// One output for each input, in order.
  func compute(_ batch: [Input]) throws -> [Output]
}
