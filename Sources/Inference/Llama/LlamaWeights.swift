import Compute
import Models

/// A Llama model packed for the kernels, in the precision of its file: Q8_0 stays int8 blocks, F16 and
/// BF16 stay halves, F32 stays f32. Nothing refers to the file.
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

  /// - Parameter progress: called with the share that is done, up to 1.
  init(_ model: LlamaModel, progress: (Double) -> Void) throws(InferenceError) {
    let steps = Double(model.layers.count + 1)
    var layers: [Layer] = []
    for layer in model.layers {
      layers.append(
        Layer(
          attentionNorm: try layer.attentionNorm.vector(),
          qkv: try .packing([layer.query, layer.key, layer.value]),
          attentionOutput: try .packing([layer.attentionOutput]),
          feedForwardNorm: try layer.feedForwardNorm.vector(),
          gate: try .packing([layer.gate]), up: try .packing([layer.up]),
          down: try .packing([layer.down])))
      progress(Double(layers.count) / steps)
    }
    self.layers = layers
    embedding = try EmbeddingTable(copying: model.embedding)
    outputNorm = try model.outputNorm.vector()
    output = try .packing([model.output])
    progress(1)
  }

  /// Bytes of weights held.
  var byteCount: Int {
    layers.reduce(embedding.byteCount + output.byteCount) { sum, layer in
      sum + layer.qkv.byteCount + layer.attentionOutput.byteCount + layer.gate.byteCount
        + layer.up.byteCount + layer.down.byteCount
    }
  }
}
