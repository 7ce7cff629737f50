import Compute
import Models

/// A BERT encoder packed for the kernels. Nothing refers to the model's file.
struct EncoderWeights: Sendable {
  struct Norm: Sendable {
    let weight: [Float]
    let bias: [Float]

    init(_ norm: EncoderModel.Norm) throws(InferenceError) {
      weight = try norm.weight.vector()
      bias = try norm.bias.vector()
    }
  }

  struct Layer: Sendable {
    /// [3·width, width]: query, key and value.
    let qkv: PackedMatrix
    /// [width, width]
    let attentionOutput: PackedMatrix
    let attentionNorm: Norm
    /// [feedForwardWidth, width]
    let up: PackedMatrix
    /// [width, feedForwardWidth]
    let down: PackedMatrix
    let outputNorm: Norm
  }

  /// [vocabularySize, width]
  let words: EmbeddingTable
  /// [positions, width], the embedding of segment 0 added.
  let positions: EmbeddingTable
  let embeddingNorm: Norm
  let layers: [Layer]

  /// - Parameter progress: called with the share that is done, up to 1.
  init(
    _ model: EncoderModel, _ precision: EncoderBackend.Precision, _ processor: Processor,
    progress: (Double) -> Void
  ) throws(InferenceError) {
    let steps = Double(model.layers.count + 1)
    let kind: PackedMatrix.Kind?
    switch precision {
    case .int8:
      words = try EmbeddingTable(compressing: model.wordEmbedding, processor)
      kind = .int8PerOutput
    case .stored:
      words = try EmbeddingTable(copying: model.wordEmbedding)
      kind = nil
    }
    positions = try Self.positions(model)
    embeddingNorm = try Norm(model.embeddingNorm)
    progress(1 / steps)
    var layers: [Layer] = []
    for layer in model.layers {
      layers.append(try Layer(layer, kind))
      progress(Double(layers.count + 1) / steps)
    }
    self.layers = layers
  }

  /// One sentence is one segment, so its embedding can join the positions' here.
  private static func positions(_ model: EncoderModel) throws(InferenceError) -> EmbeddingTable {
    let width = model.configuration.width
    let segment = try model.typeEmbedding.vector().prefix(width)
    var values = try model.positionEmbedding.vector()
    for index in values.indices { values[index] += segment[index % width] }
    return EmbeddingTable(values, columns: width)
  }

  /// Bytes of weights held.
  var byteCount: Int {
    layers.reduce(words.byteCount + positions.byteCount) { sum, layer in
      sum + layer.qkv.byteCount + layer.attentionOutput.byteCount + layer.up.byteCount
        + layer.down.byteCount
    }
  }
}

extension EncoderWeights.Layer {
  fileprivate init(
    _ layer: EncoderModel.Layer, _ kind: PackedMatrix.Kind?
  ) throws(InferenceError) {
    let bias =
      try layer.query.bias.vector() + layer.key.bias.vector() + layer.value.bias.vector()
    qkv = try .packing(
      [layer.query.weight, layer.key.weight, layer.value.weight], kind: kind, bias: bias)
    attentionOutput = try .packing(layer.attentionOutput, kind)
    attentionNorm = try EncoderWeights.Norm(layer.attentionNorm)
    up = try .packing(layer.up, kind)
    down = try .packing(layer.down, kind)
    outputNorm = try EncoderWeights.Norm(layer.outputNorm)
  }
}

extension PackedMatrix {
  fileprivate static func packing(
    _ linear: EncoderModel.Linear, _ kind: Kind?
  ) throws(InferenceError) -> PackedMatrix {
    try packing([linear.weight], kind: kind, bias: linear.bias.vector())
  }
}
