/// A model that turns a whole batch into answers: encoders, classifiers, tables, graphs.
///
/// `compute` runs on the engine's own thread; it is never called concurrently for one value.
/// Batch-proof: the answer for an input is bit-identical alone and in any batch.
package protocol BatchBackend: Sendable {
  associatedtype Input: Sendable
  associatedtype Output: Sendable

  /// Work of one input in tokens (rows count 1 each); at least 1. Batches form by budgets on it.
  func cost(of input: Input) -> Int

  /// Most inputs of a batch that `compute` is handed together. With 1, an input that fails fails
  /// nobody else, and a batch that takes long ends between two of them.
  var inputsAtOnce: Int { get }

  /// One output for each input, in order.
  ///
  /// - Parameter interest: of whoever waits for all of it; once that has gone, it may end with any
  ///   error.
  func compute(_ batch: [Input], for interest: (any Interest)?) throws -> [Output]
}

extension BatchBackend {
  package var inputsAtOnce: Int { .max }
}

/// Somebody's interest in what is computed.
package protocol Interest: AnyObject, Sendable {
  /// False once nobody waits for it any more; it stays so. From any thread.
  var isAlive: Bool { get }

  /// Other models compute now if it is their turn, within the call. From the thread that began the
  /// computation, while nothing of it runs on others.
  ///
  /// - Returns: how long that took.
  func giveWay() -> Duration
}
