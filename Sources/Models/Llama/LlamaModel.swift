/// A Llama model as its GGUF file holds it: every tensor is there with the shape that the
/// configuration asks for. Nothing is copied; the file stays mapped as long as a tensor is held.
package struct LlamaModel: Sendable {
  package let configuration: LlamaConfiguration
  /// `general.name`; empty where the file does not say.
  package let name: String
  /// [vocabularySize, width]
  package let embedding: Tensor
  package let layers: [Layer]
  /// [width]
  package let outputNorm: Tensor
  /// [vocabularySize, width]; the embedding itself where the file ties the two.
  package let output: Tensor
  /// The file has no output matrix of its own.
  package var isTied: Bool { output.name == embedding.name }
  /// [rope.dimension / 2]: each pair's frequency is divided by its factor; nil for none.
  package let ropeFactors: Tensor?
  /// The tokenizer's raw material; nil where the file has none.
  package let vocabulary: SentencePieceVocabulary?

  /// With q = heads * headSize and kv = kvHeads * headSize.
  package struct Layer: Sendable {
    /// [width]
    package let attentionNorm: Tensor
    /// [q, width]
    package let query: Tensor
    /// [kv, width]
    package let key: Tensor
    /// [kv, width]
    package let value: Tensor
    /// [width, q]
    package let attentionOutput: Tensor
    /// [width]
    package let feedForwardNorm: Tensor
    /// [feedForwardWidth, width]; its output goes through SiLU.
    package let gate: Tensor
    /// [feedForwardWidth, width]
    package let up: Tensor
    /// [width, feedForwardWidth]
    package let down: Tensor
  }

  package init(path: String) throws(ModelError) {
    try self.init(GGUFFile(path: path))
  }

  package init(_ file: GGUFFile) throws(ModelError) {
    guard let architecture = try file.string("general.architecture") else {
      throw file.problem("general.architecture is missing")
    }
    guard architecture == "llama" else {
      throw ModelError(
        .unsupported, file.path,
        "GGUF: the architecture is \"\(architecture)\"; \"llama\" is supported")
    }
    let shape = try LlamaConfiguration(file)
    configuration = shape
    name = try file.string("general.name") ?? ""
    var table = TensorTable(file.tensors, path: file.path)
    embedding = try table.take("token_embd.weight", [shape.vocabularySize, shape.width])
    var layers: [Layer] = []
    for index in 0..<shape.layers {
      layers.append(try Layer(&table, "blk.\(index)", shape))
    }
    self.layers = layers
    outputNorm = try table.take("output_norm.weight", [shape.width])
    output =
      try table.takeIfPresent("output.weight", [shape.vocabularySize, shape.width]) ?? embedding
    ropeFactors = try table.takeIfPresent("rope_freqs.weight", [shape.rope.dimension / 2])
    try table.finish(architecture: "Llama")
    vocabulary = try SentencePieceVocabulary(file, size: shape.vocabularySize)
  }
}

extension LlamaModel.Layer {
  fileprivate init(
    _ table: inout TensorTable, _ prefix: String, _ shape: LlamaConfiguration
  ) throws(ModelError) {
    let (width, hidden) = (shape.width, shape.feedForwardWidth)
    let (q, kv) = (shape.heads * shape.headSize, shape.kvHeads * shape.headSize)
    attentionNorm = try table.take("\(prefix).attn_norm.weight", [width])
    query = try table.take("\(prefix).attn_q.weight", [q, width])
    key = try table.take("\(prefix).attn_k.weight", [kv, width])
    value = try table.take("\(prefix).attn_v.weight", [kv, width])
    attentionOutput = try table.take("\(prefix).attn_output.weight", [width, q])
    feedForwardNorm = try table.take("\(prefix).ffn_norm.weight", [width])
    gate = try table.take("\(prefix).ffn_gate.weight", [hidden, width])
    up = try table.take("\(prefix).ffn_up.weight", [hidden, width])
    down = try table.take("\(prefix).ffn_down.weight", [width, hidden])
    table.ignore("\(prefix).attn_rot_embd")
  }
}
