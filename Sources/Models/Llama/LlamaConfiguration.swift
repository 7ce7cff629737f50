/// The shape of a Llama model (arXiv:2302.13971; grouped-query attention arXiv:2305.13245), from
/// the `llama.*` metadata of a GGUF file.
package struct LlamaConfiguration: Sendable, Equatable {
  package let layers: Int
  /// Values per position between layers ("embedding length").
  package let width: Int
  /// Query heads.
  package let heads: Int
  /// Key and value heads; `heads` is a multiple of it.
  package let kvHeads: Int
  /// Values per head; `heads * headSize` is the queries' width.
  package let headSize: Int
  package let feedForwardWidth: Int
  package let vocabularySize: Int
  /// Most positions of one sequence, at least 2.
  package let contextLength: Int
  /// Added to the mean square in every RMS norm.
  package let normEpsilon: Float
  package let rope: RotaryEmbedding

  /// Rotary position embedding (arXiv:2104.09864) on neighbouring pairs (2i, 2i + 1) of each head:
  /// the files' query and key rows are already permuted for that.
  package struct RotaryEmbedding: Sendable, Equatable {
    /// Pair i of `dimension` turns by position / base^(2i / dimension).
    package let base: Float
    /// Leading values of each head that are turned; even.
    package let dimension: Int
    /// Positions are divided by it (linear scaling); 1 for none.
    package let scale: Float
  }
}

extension LlamaConfiguration {
  init(_ file: GGUFFile) throws(ModelError) {
    func required(_ key: String, _ range: ClosedRange<Int>) throws(ModelError) -> Int {
      guard let value = try file.integer(key, in: range) else {
        throw file.problem("\(key) is missing")
      }
      return value
    }
    layers = try required("llama.block_count", 1...1024)
    width = try required("llama.embedding_length", 1...65_536)
    heads = try required("llama.attention.head_count", 1...1024)
    kvHeads = try file.integer("llama.attention.head_count_kv", in: 1...1024) ?? heads
    feedForwardWidth = try required("llama.feed_forward_length", 1...1_048_576)
    // One position is a prompt without an answer.
    contextLength = try required("llama.context_length", 2...16_777_216)
    guard
      let epsilon = try file.real("llama.attention.layer_norm_rms_epsilon", in: 0...0.1)
    else { throw file.problem("llama.attention.layer_norm_rms_epsilon is missing") }
    normEpsilon = Float(epsilon)

    guard heads % kvHeads == 0 else {
      throw file.problem("\(heads) heads cannot share \(kvHeads) key and value heads evenly")
    }
    headSize = try file.integer("llama.attention.key_length", in: 1...4096) ?? width / heads
    let valueSize = try file.integer("llama.attention.value_length", in: 1...4096) ?? headSize
    guard headSize > 0, valueSize == headSize else {
      throw ModelError(
        .unsupported, file.path,
        "GGUF: keys have \(headSize) and values \(valueSize) values per head; they must be equal")
    }
    if try file.integer("llama.expert_count", in: 0...65_536) ?? 0 > 0 {
      throw ModelError(.unsupported, file.path, "GGUF: mixtures of experts are not supported")
    }
    vocabularySize = try Self.vocabularySize(file)
    rope = try RotaryEmbedding(file, headSize: headSize)
  }

  /// The key, else the number of pieces of the tokenizer.
  private static func vocabularySize(_ file: GGUFFile) throws(ModelError) -> Int {
    let limit = 1 << 20
    if let size = try file.integer("llama.vocab_size", in: 1...limit) { return size }
    if case .array(let pieces)? = file.metadata["tokenizer.ggml.tokens"], 1...limit ~= pieces.count
    {
      return pieces.count
    }
    throw file.problem(
      "neither llama.vocab_size nor tokenizer.ggml.tokens says how large the vocabulary is "
        + "(1 to \(limit))")
  }
}

extension LlamaConfiguration.RotaryEmbedding {
  fileprivate init(_ file: GGUFFile, headSize: Int) throws(ModelError) {
    base = Float(try file.real("llama.rope.freq_base", in: 1...1e12) ?? 10_000)
    dimension = try file.integer("llama.rope.dimension_count", in: 2...4096) ?? headSize
    guard dimension <= headSize, dimension % 2 == 0 else {
      throw file.problem(
        "llama.rope.dimension_count is \(dimension); an even number up to \(headSize) is allowed")
    }
    let kind = try file.string("llama.rope.scaling.type") ?? "linear"
    // The second key is how older files write it; 0 stands for no scaling.
    let older = try file.real("llama.rope.scale_linear", in: 0...1e6) ?? 1
    let factor = try file.real("llama.rope.scaling.factor", in: 0...1e6) ?? older
    switch kind {
    case "none": scale = 1
    case "linear": scale = factor == 0 ? 1 : Float(factor)
    default:
      throw ModelError(
        .unsupported, file.path,
        "GGUF: rotary scaling \"\(kind)\"; \"none\" and \"linear\" are supported")
    }
  }
}
