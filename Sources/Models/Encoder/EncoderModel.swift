/// A BERT encoder as a Hugging Face folder holds it (config.json, model.safetensors, and the
/// sentence-transformers files beside them): every tensor is there with the shape that the
/// configuration asks for. Nothing is copied; the file stays mapped while a tensor is held.
package struct EncoderModel: Sendable {
  package let configuration: EncoderConfiguration
  package let pooling: Pooling
  /// Whether the embedding is scaled to length 1.
  package let normalizes: Bool
  /// Most tokens of one input, [CLS] and [SEP] included; longer ones are cut.
  package let maximumTokens: Int

  /// [vocabularySize, width]
  package let wordEmbedding: Tensor
  /// [positions, width]
  package let positionEmbedding: Tensor
  /// [typeVocabularySize, width]; row 0 is added to every token.
  package let typeEmbedding: Tensor
  package let embeddingNorm: Norm
  package let layers: [Layer]

  /// How one embedding is made of a text's token vectors.
  package enum Pooling: String, Sendable { case mean, cls, max }

  /// A linear layer: y = W x + b.
  package struct Linear: Sendable {
    /// [outputs, inputs]
    package let weight: Tensor
    /// [outputs]
    package let bias: Tensor
  }

  /// A layer norm's scale and shift.
  package struct Norm: Sendable {
    /// [width]
    package let weight: Tensor
    /// [width]
    package let bias: Tensor
  }

  /// One post-norm transformer layer.
  package struct Layer: Sendable {
    /// [width, width] each
    package let query: Linear
    package let key: Linear
    package let value: Linear
    package let attentionOutput: Linear
    package let attentionNorm: Norm
    /// [feedForwardWidth, width]; the activation follows.
    package let up: Linear
    /// [width, feedForwardWidth]
    package let down: Linear
    package let outputNorm: Norm
  }

  /// Loads the folder at `path`.
  package init(folder path: String) throws(ModelError) {
    let file = try SafetensorsFile(path: "\(path)/model.safetensors")
    let configuration = try EncoderConfiguration(JSONFile(path: "\(path)/config.json"))
    let settings = try SentenceSettings(folder: path, width: configuration.width)
    self.configuration = configuration
    pooling = settings.pooling
    normalizes = settings.normalizes
    maximumTokens = min(settings.maximumTokens ?? .max, configuration.positions)

    var table = TensorTable(file.tensors, path: file.path)
    // Checkpoints of models with a head keep the encoder under "bert.".
    let root = table.contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
    let width = configuration.width
    let embeddings = "\(root)embeddings"
    wordEmbedding = try table.take(
      "\(embeddings).word_embeddings.weight", [configuration.vocabularySize, width])
    positionEmbedding = try table.take(
      "\(embeddings).position_embeddings.weight", [configuration.positions, width])
    typeEmbedding = try table.take(
      "\(embeddings).token_type_embeddings.weight", [configuration.typeVocabularySize, width])
    embeddingNorm = try table.takeNorm("\(embeddings).LayerNorm", width)
    var layers: [Layer] = []
    for index in 0..<configuration.layers {
      layers.append(try Layer(&table, "\(root)encoder.layer.\(index)", configuration))
    }
    self.layers = layers
    // Not on the way from text to embedding: a buffer of 0, 1, 2…, and the next-sentence pooler.
    table.ignore(
      "\(embeddings).position_ids", "\(root)pooler.dense.weight", "\(root)pooler.dense.bias")
    try table.finish(architecture: "BERT")
  }
}

extension EncoderModel.Layer {
  fileprivate init(
    _ table: inout TensorTable, _ prefix: String, _ shape: EncoderConfiguration
  ) throws(ModelError) {
    let (width, hidden) = (shape.width, shape.feedForwardWidth)
    let attention = "\(prefix).attention"
    query = try table.takeLinear("\(attention).self.query", width, width)
    key = try table.takeLinear("\(attention).self.key", width, width)
    value = try table.takeLinear("\(attention).self.value", width, width)
    attentionOutput = try table.takeLinear("\(attention).output.dense", width, width)
    attentionNorm = try table.takeNorm("\(attention).output.LayerNorm", width)
    up = try table.takeLinear("\(prefix).intermediate.dense", hidden, width)
    down = try table.takeLinear("\(prefix).output.dense", width, hidden)
    outputNorm = try table.takeNorm("\(prefix).output.LayerNorm", width)
  }
}

extension TensorTable {
  mutating func takeLinear(
    _ name: String, _ outputs: Int, _ inputs: Int
  ) throws(ModelError) -> EncoderModel.Linear {
    EncoderModel.Linear(
      weight: try take("\(name).weight", [outputs, inputs]),
      bias: try take("\(name).bias", [outputs]))
  }

  fileprivate mutating func takeNorm(
    _ name: String, _ width: Int
  ) throws(ModelError) -> EncoderModel.Norm {
    EncoderModel.Norm(
      weight: try take("\(name).weight", [width]), bias: try take("\(name).bias", [width]))
  }
}
