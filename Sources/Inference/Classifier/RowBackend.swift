package import Compute
package import Models

/// A head on rows of features: logistic and linear models, and two-layer perceptrons.
package final class RowBackend: BatchBackend {
  /// `width` features.
  package typealias Input = [Float]
  /// Probabilities of the labels in the model's order, or plain values where it has none.
  package typealias Output = [Float]

  private let layers: HeadLayers

  package init(_ head: HeadModel, processor: Processor) throws(InferenceError) {
    layers = try HeadLayers(head, processor: processor)
  }

  /// Values of one row.
  package var width: Int { layers.model.inputs }
  package var outputs: Int { layers.model.outputs }
  package var labels: [String] { layers.model.labels }
  package var memoryBytes: Int { layers.memoryBytes }
  package var parameters: Int { layers.parameters }

  package func cost(of input: [Float]) -> Int { 1 }

  package func compute(
    _ batch: [[Float]], for interest: (any Interest)? = nil
  ) throws(InferenceError) -> [[Float]] {
    for row in batch where row.count != width {
      throw InferenceError(.invalidInput, "features: expected \(width) values, got \(row.count)")
    }
    let scores = layers.scores(of: batch)
    // A NaN or an infinity is no answer, and JSON has none.
    guard scores.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw InferenceError(
        .invalidModel, "the answer is no finite number: the computation overflows")
    }
    return scores
  }
}
