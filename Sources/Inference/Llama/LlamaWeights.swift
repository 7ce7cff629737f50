internal import Compute
internal import Models

/// A Llama model packed for the kernels, in the precision of its file: Q8_0 stays int8 blocks, F16
/// and BF16 stay halves, F32 stays f32. Nothing refers to the file.
struct LlamaWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: [Float]
    /// [q + 2·kv, width]: query, key and value, with q = heads·headSize and kv = kvHeads·headSize.
    let qkv: PackedMatrix
    /// [width, q]
    let attentionOutput: PackedMatrix
    let feedForwardNorm: [Float]
    /// [feedForwardWidth, width]
    let gate: PackedMatrix
    /// [feedForwardWidth, width]
    let up: PackedMatrix
    /// [width, feedForwardWidth]
    let down: PackedMatrix
  }

  /// [vocabularySize, width]
  let embedding: EmbeddingTable
  let layers: [Layer]
  let outputNorm: [Float]
  /// [vocabularySize, width]
  let output: PackedMatrix

  /// - Parameters:
  ///   - arena: that of the model.
  ///   - progress: called after every matrix with the share that is done, up to 1; what it throws
  ///     ends the packing.
  init(_ model: LlamaModel, in arena: SlabArena, progress: LoadingProgress) throws(InferenceError) {
    var done = 0
    func count<Packed>(_ packed: Packed) throws(InferenceError) -> Packed {
      done += 1
      try progress(Double(done) / Double(5 * model.layers.count + 2))
      return packed
    }
    func pack(_ tensors: [Tensor]) throws(InferenceError) -> PackedMatrix {
      try count(.packing(tensors, in: arena))
    }
    var layers: [Layer] = []
    for layer in model.layers {
      layers.append(
        Layer(
          attentionNorm: try layer.attentionNorm.vector(),
          qkv: try pack([layer.query, layer.key, layer.value]),
          attentionOutput: try pack([layer.attentionOutput]),
          feedForwardNorm: try layer.feedForwardNorm.vector(),
          gate: try pack([layer.gate]), up: try pack([layer.up]), down: try pack([layer.down])))
    }
    self.layers = layers
    outputNorm = try model.outputNorm.vector()
    output = try pack([model.output])
    // A file without an output matrix ties it to the embedding: then both are one in memory too.
    embedding = try count(
      model.isTied
        ? EmbeddingTable(sharing: output) : EmbeddingTable(copying: model.embedding, in: arena))
  }

  /// Bytes of weights held.
  var byteCount: Int {
    layers.reduce(embedding.byteCount + output.byteCount) { sum, layer in
      sum + layer.qkv.byteCount + layer.attentionOutput.byteCount + layer.gate.byteCount
        + layer.up.byteCount + layer.down.byteCount
    }
  }
}
