import Compute
package import Models
import Synchronization

/// A classifier's head on an encoder's embedding. The encoder is shared: another model served from
/// it, or its embeddings themselves, cost no second copy of its weights.
package final class ClassifierBackend: BatchBackend {
  package struct Score: Sendable, Equatable {
    package let label: String
    /// Probability, 0 to 1; those of one input sum to 1.
    package let probability: Float
  }

  package typealias Input = [Int32]
  /// All labels, the likeliest first; equal ones in the model's order.
  package typealias Output = [Score]

  package let labels: [String]
  package let encoder: EncoderBackend
  private let dense: PackedMatrix?
  private let activation: Processor.Activation?
  private let classifier: PackedMatrix
  private let scratch = Mutex(ClassifierScratch())

  package init(_ head: HeadModel, encoder: EncoderBackend) throws(InferenceError) {
    guard head.inputWidth == encoder.width else {
      throw InferenceError(
        .invalidModel,
        "the head takes embeddings of \(head.inputWidth) values; its base \(head.base) gives "
          + "\(encoder.width)")
    }
    labels = head.labels
    self.encoder = encoder
    activation =
      switch head.activation {
      case .none: nil
      case .tanh: .tanh
      case .relu: .relu
      }
    dense =
      if let dense = head.dense {
        try .packing([dense.weight], bias: dense.bias.vector())
      } else {
        nil
      }
    classifier = try .packing([head.classifier.weight], bias: head.classifier.bias.vector())
  }

  /// Bytes of the head alone; the encoder accounts for itself.
  package var memoryBytes: Int { classifier.byteCount + (dense?.byteCount ?? 0) }

  package func cost(of input: [Int32]) -> Int { encoder.cost(of: input) }

  /// As `EncoderBackend.validate`.
  package func validate(_ input: [Int32]) throws(InferenceError) { try encoder.validate(input) }

  package func compute(_ batch: [[Int32]]) throws(InferenceError) -> [[Score]] {
    let embeddings = try encoder.compute(batch)
    return scratch.withLock { scratch in classify(embeddings, &scratch) }
  }

  private func classify(_ embeddings: [[Float]], _ scratch: inout ClassifierScratch) -> [[Score]] {
    let processor = encoder.processor
    var features = scratch.embeddings
    features.reshape(rows: embeddings.count, columns: encoder.width)
    for (row, embedding) in embeddings.enumerated() {
      for (column, value) in embedding.enumerated() { features[row, column] = value }
    }
    if let dense {
      scratch.input.load(features)
      processor.multiply(scratch.input, by: dense, into: scratch.hidden)
      features = scratch.hidden
    }
    if let activation { processor.activate(features, activation) }
    scratch.input.load(features)
    processor.multiply(scratch.input, by: classifier, into: scratch.scores)
    processor.softmax(scratch.scores, into: scratch.scores)
    return (0..<scratch.scores.rows).map { ranked(scratch.scores.row($0)) }
  }

  private func ranked(_ probabilities: [Float]) -> [Score] {
    zip(labels, probabilities).map { Score(label: $0, probability: $1) }.enumerated()
      .sorted { first, second in
        (second.element.probability, first.offset) < (first.element.probability, second.offset)
      }
      .map(\.element)
  }
}

private struct ClassifierScratch: ~Copyable {
  /// [texts × width]
  let embeddings = FloatRows()
  let input = Activations()
  let hidden = FloatRows()
  let scores = FloatRows()
}
