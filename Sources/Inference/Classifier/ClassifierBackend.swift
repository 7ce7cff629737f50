internal import Compute
package import Models

/// A classifier's head on an encoder's embedding. The encoder is shared: another model served from
/// it, or its embeddings themselves, cost no second copy of its weights.
package final class ClassifierBackend: BatchBackend {
  /// Token ids of one text, as `EncoderBackend` takes them.
  package typealias Input = [Int32]
  /// One probability for each label, in the model's order; they sum to 1.
  package typealias Output = [Float]

  package let encoder: EncoderBackend
  private let layers: HeadLayers

  package init(_ head: HeadModel, encoder: EncoderBackend) throws(InferenceError) {
    guard head.inputWidth == encoder.width else {
      throw InferenceError(
        .invalidModel,
        "the head takes embeddings of \(head.inputWidth) values; its base "
          + "\(head.base ?? "encoder") gives \(encoder.width)")
    }
    self.encoder = encoder
    layers = try HeadLayers(head, processor: encoder.processor)
  }

  package var labels: [String] { layers.model.labels }
  /// Bytes of the head alone; the encoder accounts for itself.
  package var memoryBytes: Int { layers.memoryBytes }
  package var parameters: Int { layers.parameters }

  package func cost(of input: [Int32]) -> Int { encoder.cost(of: input) }

  package func compute(
    _ batch: [[Int32]], for interest: (any Interest)? = nil
  ) throws(InferenceError) -> [[Float]] {
    let embeddings = try encoder.compute(batch)
    return layers.scores(
      of: encoder.normalizes ? embeddings.map(EncoderBackend.normalized) : embeddings)
  }
}
