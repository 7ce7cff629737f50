internal import Compute
internal import Models

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

  /// - Parameters:
  ///   - arena: that of the model.
  ///   - progress: called after every matrix with the share that is done, up to 1; what it throws
  ///     ends the packing.
  init(
    _ model: EncoderModel, _ precision: EncoderBackend.Precision, _ processor: Processor,
    in arena: SlabArena, progress: LoadingProgress
  ) throws(InferenceError) {
    var done = 0
    func count<Packed>(_ packed: Packed) throws(InferenceError) -> Packed {
      done += 1
      try progress(Double(done) / Double(4 * model.layers.count + 2))
      return packed
    }
    let kind: PackedMatrix.Kind?
    switch precision {
    case .int8:
      words = try count(EmbeddingTable(compressing: model.wordEmbedding, processor, in: arena))
      kind = .int8PerOutput
    case .stored:
      words = try count(EmbeddingTable(copying: model.wordEmbedding, in: arena))
      kind = nil
    }
    positions = try count(Self.positions(model, in: arena))
    embeddingNorm = try Norm(model.embeddingNorm)
    layers = try model.layers.map { layer throws(InferenceError) in
      try Layer(layer) { tensors, bias throws(InferenceError) in
        try count(.packing(tensors, kind: kind, bias: bias, in: arena))
      }
    }
  }

  /// One sentence is one segment, so its embedding can join the positions' here.
  private static func positions(
    _ model: EncoderModel, in arena: SlabArena
  ) throws(InferenceError) -> EmbeddingTable {
    let width = model.configuration.width
    let segment = try model.typeEmbedding.vector().prefix(width)
    var values = try model.positionEmbedding.vector()
    for index in values.indices { values[index] += segment[index % width] }
    return try EmbeddingTable(
      values, columns: width, name: model.positionEmbedding.name, in: arena)
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
  /// - Parameter pack: makes one matrix of tensors and a bias.
  fileprivate init(
    _ layer: EncoderModel.Layer,
    pack: ([Tensor], [Float]) throws(InferenceError) -> PackedMatrix
  ) throws(InferenceError) {
    func packed(_ linear: EncoderModel.Linear) throws(InferenceError) -> PackedMatrix {
      try pack([linear.weight], linear.bias.vector())
    }
    let bias =
      try layer.query.bias.vector() + layer.key.bias.vector() + layer.value.bias.vector()
    qkv = try pack([layer.query.weight, layer.key.weight, layer.value.weight], bias)
    attentionOutput = try packed(layer.attentionOutput)
    attentionNorm = try EncoderWeights.Norm(layer.attentionNorm)
    up = try packed(layer.up)
    down = try packed(layer.down)
    outputNorm = try EncoderWeights.Norm(layer.outputNorm)
  }
}
