import Bytes
import TestSupport
import Testing

@testable import Models

struct EncoderModelTests {
  /// A whole, tiny BERT: 1 layer, 8 wide, 2 heads, 11 pieces.
  static let config = """
    {"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2,
     "intermediate_size": 12, "vocab_size": 11, "max_position_embeddings": 16,
     "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
    """

  static func tensors(prefix: String = "") -> SafetensorsBuilder {
    var file = SafetensorsBuilder()
    func linear(_ name: String, _ outputs: Int, _ inputs: Int) {
      file.add("\(prefix)\(name).weight", [outputs, inputs])
      file.add("\(prefix)\(name).bias", [outputs])
    }
    func norm(_ name: String) {
      file.add("\(prefix)\(name).weight", [8])
      file.add("\(prefix)\(name).bias", [8])
    }
    file.add("\(prefix)embeddings.position_ids", "I64", [1, 1], [UInt8](repeating: 0, count: 8))
    file.add("\(prefix)embeddings.word_embeddings.weight", [11, 8])
    file.add("\(prefix)embeddings.position_embeddings.weight", [16, 8])
    file.add("\(prefix)embeddings.token_type_embeddings.weight", [2, 8])
    norm("embeddings.LayerNorm")
    let layer = "encoder.layer.0"
    for part in ["query", "key", "value"] { linear("\(layer).attention.self.\(part)", 8, 8) }
    linear("\(layer).attention.output.dense", 8, 8)
    norm("\(layer).attention.output.LayerNorm")
    linear("\(layer).intermediate.dense", 12, 8)
    linear("\(layer).output.dense", 8, 12)
    norm("\(layer).output.LayerNorm")
    linear("pooler.dense", 8, 8)
    return file
  }

  private func folder(
    config: String = EncoderModelTests.config, tensors: SafetensorsBuilder = Self.tensors(),
    _ others: [String: String] = [:]
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("config.json", config)
    try folder.write("model.safetensors", tensors.build())
    for (name, text) in others { try folder.write(name, text) }
    return folder
  }

  private func load(_ folder: TemporaryFolder) throws -> EncoderModel {
    try EncoderModel(folder: folder.path)
  }

  private func reason(_ folder: TemporaryFolder) -> String {
    let error = #expect(throws: ModelError.self) { try load(folder) }
    return error?.reason ?? ""
  }

  static let modules = """
    [{"path": "", "type": "sentence_transformers.models.Transformer"},
     {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
     {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
    """

  @Test(arguments: ["", "bert."])
  func takesEveryTensorByItsRole(prefix: String) throws {
    let model = try load(folder(tensors: Self.tensors(prefix: prefix)))
    #expect(model.configuration.headSize == 4)
    #expect(model.configuration.activation == .gelu)
    #expect(model.layers.count == 1)
    #expect(model.layers[0].down.weight.shape == [8, 12])
    #expect(model.pooling == .mean)
    #expect(!model.normalizes)
    #expect(model.maximumTokens == 16)
  }

  @Test func followsTheFoldersOwnSettings() throws {
    let model = try load(
      folder([
        "modules.json": Self.modules,
        "1_Pooling/config.json":
          #"{"word_embedding_dimension": 8, "pooling_mode_cls_token": true, "#
          + #""pooling_mode_mean_tokens": false}"#,
        "sentence_bert_config.json": #"{"max_seq_length": 9}"#,
      ]))
    #expect(model.pooling == .cls)
    #expect(model.normalizes)
    #expect(model.maximumTokens == 9)
  }

  @Test(arguments: [
    (#"{"pooling_mode_mean_sqrt_len_tokens": true}"#, "pooling by pooling_mode_mean_sqrt_len"),
    (#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}"#, "exactly one"),
    (#"{}"#, "pooling by nothing"),
    (
      #"{"word_embedding_dimension": 9, "pooling_mode_mean_tokens": true}"#,
      "is 9; the encoder's is 8"
    ),
  ])
  func refusesOtherPooling(pooling: String, expected: String) throws {
    let folder = try folder(["modules.json": Self.modules, "1_Pooling/config.json": pooling])
    #expect(reason(folder).contains(expected))
  }

  @Test(arguments: [
    ("{}", "an array of 1 to 8 modules"),
    (#"[{"type": "x.Dense", "path": "2_Dense"}]"#, "the module x.Dense is not supported"),
    (#"[{"type": "x.Pooling", "path": "../../etc"}]"#, "must name a folder beside it"),
    (#"[{"type": "x.Pooling"}]"#, "must have a"),
  ])
  func refusesOtherModules(modules: String, expected: String) throws {
    #expect(reason(try folder(["modules.json": modules])).contains(expected))
  }

  @Test(arguments: [
    (
      #""model_type": "bert""#, #""model_type": "roberta""#,
      #"the architecture is "roberta"; "bert""#
    ),
    (#""model_type": "bert","#, "", #""model_type" is missing"#),
    (#""hidden_size": 8"#, #""hidden_size": "8""#, #""hidden_size" must be an integer from 1"#),
    (#""hidden_size": 8"#, #""hidden_size": 9"#, "is no multiple of 2 heads"),
    (#""num_hidden_layers": 1"#, #""num_hidden_layers": 100000"#, "from 1 to 256"),
    (#""num_hidden_layers": 1"#, #""num_hidden_layers": 2"#, "no tensor encoder.layer.1"),
    (#""hidden_act": "gelu""#, #""hidden_act": "silu""#, #""hidden_act" is "silu"; gelu"#),
    (#""vocab_size": 11"#, #""vocab_size": 12"#, "[12, 8] follows from the configuration"),
    (#""layer_norm_eps": 1e-12"#, #""layer_norm_eps": 1"#, "a number from 0.0 to 0.1"),
    (
      #""hidden_act": "gelu""#, #""hidden_act": "gelu", "position_embedding_type": "relative_key""#,
      #""absolute" is supported"#
    ),
  ])
  func refusesWrongConfigurations(part: String, other: String, expected: String) throws {
    let config = Self.config.replacing(part, with: other)
    #expect(reason(try folder(config: config)).contains(expected))
  }

  @Test func refusesTensorsWithoutAPlace() throws {
    var tensors = Self.tensors()
    tensors.add("encoder.layer.1.output.dense.bias", [8])
    #expect(reason(try folder(tensors: tensors)).contains("has no place in the BERT architecture"))
  }

  @Test func survivesMutatedConfigurations() {
    let bytes = Array(Self.config.utf8)
    var generator = SeededGenerator(seed: 3)
    var refused = 0
    for _ in 0..<4_000 {
      let broken = Mutation.mutate(bytes, &generator)
      do {
        _ = try EncoderConfiguration(JSONFile(MappedFile(contents: broken, name: "config.json")))
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > 2_000)
    #expect(refused < 4_000)
  }

  @Test func readsMinilm() throws {
    guard let path = SharedData.minilm() else { return }
    let model = try EncoderModel(folder: path)
    #expect(model.layers.count == 6)
    #expect(model.configuration.width == 384)
    #expect(model.pooling == .mean)
    #expect(model.normalizes)
    #expect(model.maximumTokens == 256)
  }
}
