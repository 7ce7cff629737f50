import Bytes
import TestSupport
import Testing

@testable import Models

struct LlamaModelTests {
  private func load(_ builder: GGUFBuilder) throws -> LlamaModel {
    try LlamaModel(GGUFFile(builder.file()))
  }

  private func reason(_ builder: GGUFBuilder) -> String {
    (#expect(throws: ModelError.self) { try load(builder) })?.reason ?? ""
  }

  @Test func takesEveryTensorByItsRole() throws {
    let model = try load(.llama())
    let shape = model.configuration
    #expect(shape.layers == 2)
    #expect(shape.headSize == 4)
    #expect(shape.kvHeads == 1)
    #expect(shape.rope == .init(base: 10_000, dimension: 4, scale: 1))
    #expect(model.name == "tiny")
    #expect(model.layers.count == 2)
    #expect(model.layers[1].down.name == "blk.1.ffn_down.weight")
    #expect(model.layers[1].down.shape == [8, 12])
    #expect(model.output.name == "output.weight")
    let vocabulary = try #require(model.vocabulary)
    #expect(vocabulary.pieces.count == 6)
    #expect(vocabulary.beginID == 1)
    #expect(vocabulary.stopIDs == [2])
    #expect(vocabulary.addsBegin)
  }

  @Test func tiesTheOutputToTheEmbedding() throws {
    #expect(try load(.llama(tied: true)).output.name == "token_embd.weight")
  }

  @Test func readsRotaryScaling() throws {
    var builder = GGUFBuilder.llama()
    builder.set("llama.rope.freq_base", .float32(500_000))
    builder.set("llama.rope.scaling.type", .string("linear"))
    builder.set("llama.rope.scaling.factor", .float32(4))
    builder.add("rope_freqs.weight", [2], value: 2)
    let model = try load(builder)
    #expect(model.configuration.rope == .init(base: 500_000, dimension: 4, scale: 4))
    #expect(model.ropeFactors?.floats() == [2, 2])
    builder.set("llama.rope.scaling.type", .string("yarn"))
    #expect(reason(builder).contains("\"yarn\"; \"none\" and \"linear\" are supported"))
  }

  @Test(arguments: [
    ("llama.block_count", 0), ("llama.block_count", 100_000), ("llama.embedding_length", 0),
    ("llama.attention.head_count", 0), ("llama.attention.head_count_kv", 3),
    ("llama.context_length", 0), ("llama.context_length", 1),
    ("llama.rope.dimension_count", 3),
    ("llama.rope.dimension_count", 6), ("llama.feed_forward_length", 0),
    ("llama.expert_count", 8), ("llama.vocab_size", 0), ("tokenizer.ggml.bos_token_id", 6),
  ])
  func refusesValuesOutOfRange(key: String, value: UInt32) {
    var builder = GGUFBuilder.llama()
    builder.set(key, .uint32(value))
    #expect(!reason(builder).isEmpty)
  }

  @Test(arguments: [
    "general.architecture", "llama.block_count", "llama.embedding_length",
    "llama.attention.head_count", "llama.feed_forward_length", "llama.context_length",
    "llama.attention.layer_norm_rms_epsilon", "tokenizer.ggml.scores",
    "tokenizer.ggml.token_type",
  ])
  func namesWhatIsMissing(key: String) {
    var builder = GGUFBuilder.llama()
    builder.set(key, nil)
    #expect(reason(builder) == "GGUF: \(key) is missing")
  }

  @Test func refusesOtherArchitectures() {
    var builder = GGUFBuilder.llama()
    builder.set("general.architecture", .string("mamba"))
    #expect(reason(builder) == "GGUF: the architecture is \"mamba\"; \"llama\" is supported")
    builder = .llama()
    builder.set("tokenizer.ggml.model", .string("gpt2"))
    #expect(reason(builder).contains("the tokenizer is \"gpt2\""))
  }

  @Test func refusesMissingAndStrangeTensors() {
    var builder = GGUFBuilder.llama()
    builder.tensors.removeAll { $0.name == "blk.1.ffn_up.weight" }
    #expect(reason(builder) == "there is no tensor blk.1.ffn_up.weight")
    builder = .llama()
    builder.add("blk.0.attn_q.bias", [8])
    #expect(reason(builder).hasPrefix("tensor blk.0.attn_q.bias has no place in the Llama"))
    builder = .llama()
    builder.set("llama.feed_forward_length", .uint32(16))
    #expect(reason(builder).contains("has the shape [12, 8]; [16, 8] follows"))
  }

  @Test func refusesVocabulariesThatDoNotFit() {
    var builder = GGUFBuilder.llama()
    builder.set("tokenizer.ggml.scores", .floats([0, 0]))
    #expect(reason(builder).contains("each of the 6 pieces needs one"))
    builder = .llama()
    builder.set("tokenizer.ggml.token_type", .integers([2, 3, 3, 1, 1, 7]))
    #expect(reason(builder).contains("the value 7; 1 to 6 are allowed"))
    builder = .llama()
    builder.set("tokenizer.ggml.scores", .floats([0, 0, 0, 0, 0, .nan]))
    #expect(reason(builder).contains("no number"))
  }

  /// Turns end where the file says so, and at pieces with the usual names; text is no such piece.
  @Test func findsWhatEndsATurn() throws {
    func stops(_ pieces: [String], _ types: [Int32], eot: UInt32? = nil) throws -> [Int32] {
      var builder = GGUFBuilder.llama()
      builder.set("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>"] + pieces))
      builder.set("tokenizer.ggml.token_type", .integers([2, 3, 3] + types))
      if let eot { builder.set("tokenizer.ggml.eot_token_id", .uint32(eot)) }
      let file = try GGUFFile(MappedFile(contents: builder.build(), name: "model.gguf"))
      return try #require(try LlamaModel(file).vocabulary).stopIDs
    }
    #expect(try stops(["a", "b", "c"], [1, 1, 1]) == [2])
    #expect(try stops(["a", "b", "c"], [1, 1, 1], eot: 4) == [2, 4])
    #expect(try stops(["a", "<|im_end|>", "c"], [1, 3, 1]) == [2, 4])
    #expect(try stops(["<|end|>", "<|im_end|>", "<|eot_id|>"], [4, 1, 3], eot: 5) == [2, 3, 5])
  }

  @Test(arguments: ["stories260K-f32.gguf", "stories260K-q8_0.gguf"])
  func readsStories(name: String) throws {
    guard let path = SharedData.path("models/\(name)") else { return }
    let model = try LlamaModel(path: path)
    let shape = model.configuration
    #expect((shape.layers, shape.width, shape.heads, shape.kvHeads) == (5, 64, 8, 4))
    #expect(shape.vocabularySize == 512)
    #expect(model.layers[0].down.type == .f32)
    #expect(model.layers[0].query.type == (name.contains("q8_0") ? .q8_0 : .f32))
    #expect(model.embedding.floats()?.count == 512 * 64)
  }
}
