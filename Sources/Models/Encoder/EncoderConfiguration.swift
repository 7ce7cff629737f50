/// The shape of a BERT encoder (arXiv:1810.04805), from the folder's config.json.
package struct EncoderConfiguration: Sendable, Equatable {
  package enum Activation: Sendable, Equatable {
    /// x * Phi(x) by erf.
    case gelu
    /// The tanh approximation of GELU (arXiv:1606.08415, section 2).
    case geluTanh
    case relu
  }

  package let layers: Int
  /// Values per token between layers.
  package let width: Int
  /// Attention heads; each has `width / heads` values.
  package let heads: Int
  package let feedForwardWidth: Int
  package let vocabularySize: Int
  /// Rows of the (absolute, learned) position embedding: most tokens of one input.
  package let positions: Int
  package let typeVocabularySize: Int
  /// Added to the variance in every layer norm.
  package let layerNormEpsilon: Float
  package let activation: Activation

  package var headSize: Int { width / heads }
}

extension EncoderConfiguration {
  init(_ file: JSONFile) throws(ModelError) {
    guard let architecture = try file.string("model_type") else {
      throw file.problem("\"model_type\" is missing")
    }
    guard architecture == "bert" else {
      throw file.unsupported("the architecture is \"\(architecture)\"; \"bert\" is supported")
    }
    let position = try file.string("position_embedding_type") ?? "absolute"
    guard position == "absolute" else {
      throw file.unsupported("positions are \"\(position)\"; \"absolute\" is supported")
    }
    layers = try file.required("num_hidden_layers", in: 1...256)
    width = try file.required("hidden_size", in: 1...16_384)
    heads = try file.required("num_attention_heads", in: 1...256)
    feedForwardWidth = try file.required("intermediate_size", in: 1...131_072)
    vocabularySize = try file.required("vocab_size", in: 1...1_048_576)
    // [CLS], [SEP] and a token between them.
    positions = try file.required("max_position_embeddings", in: 3...65_536)
    typeVocabularySize = try file.integer("type_vocab_size", in: 1...64) ?? 2
    layerNormEpsilon = Float(try file.number("layer_norm_eps", in: 0...0.1) ?? 1e-12)
    guard width % heads == 0 else {
      throw file.problem("\"hidden_size\" \(width) is no multiple of \(heads) heads")
    }
    let activation = try file.string("hidden_act") ?? "gelu"
    switch activation {
    case "gelu": self.activation = .gelu
    case "gelu_new", "gelu_pytorch_tanh": self.activation = .geluTanh
    case "relu": self.activation = .relu
    default:
      throw file.unsupported(
        "\"hidden_act\" is \"\(activation)\"; gelu, gelu_new, gelu_pytorch_tanh and relu "
          + "are supported")
    }
  }
}
