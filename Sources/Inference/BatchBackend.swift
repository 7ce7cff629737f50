/// A model that turns a whole batch into answers: encoders, classifiers, tables, graphs.
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

  /// Whether a batch is its inputs one after the other. Then each is handed over by itself, one
  /// that fails fails nobody else, and a batch that takes long ends between two of them.
  var computesOneByOne: Bool { get }

  /// The answer to one input. May end with any error once nobody waits for it.
  func compute(_ input: Input, for waiter: (any Waiter)?) throws -> Output
}

extension BatchBackend {
  package var computesOneByOne: Bool { false }

  package func compute(_ input: Input, for waiter: (any Waiter)?) throws -> Output {
    guard let output = try compute([input]).first else {
      throw InferenceError(.invalidModel, "the model gave no answer")
    }
    return output
  }
}

/// Whoever waits for what is computed; asked meanwhile, from the engine's thread.
package protocol Waiter: AnyObject, Sendable {
  /// False once nobody does any more; it stays so.
  var isWaiting: Bool { get }
}
