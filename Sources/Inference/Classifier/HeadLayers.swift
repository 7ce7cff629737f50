internal import Compute
internal import Models
internal import Synchronization

/// The layers of a `HeadModel`, packed: vectors in, one score a label (or value) out.
final class HeadLayers: Sendable {
  let model: HeadShape
  let processor: Processor
  private let dense: PackedMatrix?
  private let activation: Processor.Activation?
  private let classifier: PackedMatrix
  private let scratch = Mutex(HeadScratch())

  /// What is kept of the model once its file is let go.
  struct HeadShape: Sendable {
    let labels: [String]
    let inputs: Int
    let outputs: Int
  }

  init(_ head: HeadModel, processor: Processor) throws(InferenceError) {
    self.processor = processor
    let arena = SlabArena()
    activation =
      switch head.activation {
      case .none: nil
      case .tanh: .tanh
      case .relu: .relu
      }
    dense =
      if let dense = head.dense {
        try .packing([dense.weight], bias: dense.bias.vector(), in: arena)
      } else {
        nil
      }
    classifier = try .packing(
      [head.classifier.weight], bias: head.classifier.bias.vector(), in: arena)
    model = HeadShape(
      labels: head.labels, inputs: head.inputWidth, outputs: classifier.outputs)
  }

  var memoryBytes: Int { classifier.byteCount + (dense?.byteCount ?? 0) }
  var parameters: Int {
    (dense.map { ($0.inputs + 1) * $0.outputs } ?? 0) + (classifier.inputs + 1) * classifier.outputs
  }

  /// - Parameter inputs: [rows][inputs]
  /// - Returns: [rows][outputs]; probabilities that sum to 1 where there are labels.
  func scores(of inputs: [[Float]]) -> [[Float]] {
    scratch.withLock { scratch in
      var features = scratch.vectors
      features.reshape(rows: inputs.count, columns: model.inputs)
      for (row, input) in inputs.enumerated() { features.set(row, input.span) }
      if let dense {
        scratch.input.load(features)
        processor.multiply(scratch.input, by: dense, into: scratch.hidden)
        features = scratch.hidden
      }
      if let activation { processor.activate(features, activation) }
      scratch.input.load(features)
      processor.multiply(scratch.input, by: classifier, into: scratch.scores)
      if !model.labels.isEmpty { processor.softmax(scratch.scores, into: scratch.scores) }
      return (0..<scratch.scores.rows).map { scratch.scores.row($0) }
    }
  }
}

private struct HeadScratch: ~Copyable {
  /// [rows × inputs]
  let vectors = FloatRows()
  let input = Activations()
  let hidden = FloatRows()
  let scores = FloatRows()
}
