import Models
import TestSupport
import Testing

struct HeadModelTests {
  private func folder(_ json: String, hidden: Int? = nil) throws -> TemporaryFolder {
    var tensors = SafetensorsBuilder()
    if let hidden {
      tensors.add("dense.weight", [hidden, 8])
      tensors.add("dense.bias", [hidden])
    }
    tensors.add("classifier.weight", [2, hidden ?? 8])
    tensors.add("classifier.bias", [2])
    let folder = try TemporaryFolder()
    try folder.write("head.json", json)
    try folder.write("head.safetensors", tensors.build())
    return folder
  }

  private func load(_ folder: TemporaryFolder) throws -> HeadModel {
    try HeadModel(folder: folder.path)
  }

  @Test func readsAHeadWithAndWithoutADenseLayer() throws {
    let json = #"{"base": "minilm", "labels": ["no", "yes"], "activation": "tanh"}"#
    let plain = try load(folder(json))
    #expect(plain.base == "minilm")
    #expect(plain.labels == ["no", "yes"])
    #expect(plain.activation == .tanh)
    #expect(plain.inputWidth == 8)
    #expect(plain.dense == nil)
    let deep = try load(folder(json, hidden: 5))
    #expect(deep.dense?.weight.shape == [5, 8])
    #expect(deep.classifier.weight.shape == [2, 5])
    #expect(deep.inputWidth == 8)
  }

  @Test func readsHeadsOnFeatureRows() throws {
    let labelled = try load(folder(#"{"labels": ["no", "yes"]}"#))
    #expect(labelled.base == nil)
    let values = try load(folder("{}", hidden: 5))
    #expect(values.labels.isEmpty)
    #expect(values.classifier.weight.shape == [2, 5])
  }

  @Test(arguments: [
    (#"{"base": "", "labels": ["no", "yes"]}"#, #""base" must name"#),
    (#"{"base": "minilm"}"#, #""labels" must be an array"#),
    (#"{"base": "minilm", "labels": ["no", 1]}"#, #""labels" must hold strings"#),
    (#"{"base": "minilm", "labels": ["no", "no"]}"#, "each label once"),
    (#"{"base": "minilm", "labels": ["no", "yes", "so"]}"#, "[3, 8] follows"),
    (
      #"{"base": "minilm", "labels": ["no", "yes"], "activation": "gelu"}"#,
      "allowed are none, tanh, relu"
    ),
  ])
  func refusesWrongSettings(json: String, expected: String) throws {
    let folder = try folder(json)
    let error = #expect(throws: ModelError.self) { try load(folder) }
    #expect(error?.reason.contains(expected) == true)
  }
}

/// The head that is committed with the project.
struct SentimentHeadTests {
  @Test func isWhole() throws {
    let folder = "\(Fixture.package)/tools/models/sentiment/1"
    #expect(try ModelFolder.detect(folder) == .head(folder: folder))
    let head = try HeadModel(folder: folder)
    #expect(head.base == "minilm")
    #expect(head.labels == ["negative", "positive"])
    #expect(head.inputWidth == 384)
    let weights = try #require(head.classifier.weight.floats())
    #expect(weights.allSatisfy { $0.isFinite && abs($0) < 1_000 })
    #expect(weights.contains { $0 != 0 })
  }
}

struct ModelFolderTests {
  private func detect(_ names: String...) throws -> Result<ModelFolder, ModelError> {
    let folder = try TemporaryFolder()
    for name in names { try folder.write(name, "x") }
    return Result { () throws(ModelError) in try ModelFolder.detect(folder.path) }
      .map { $0.relative(to: folder.path) }
  }

  private func reason(_ result: Result<ModelFolder, ModelError>) -> String {
    if case .failure(let error) = result { error.reason } else { "" }
  }

  @Test func tellsModelsApart() throws {
    #expect(try detect("a.gguf", "README.md").get() == .llama(path: "/a.gguf"))
    #expect(try detect("config.json", "model.safetensors").get() == .encoder(folder: ""))
    #expect(try detect("head.json", "head.safetensors").get() == .head(folder: ""))
    let graph = ModelFolder.graph(file: "/model.onnx", folder: "")
    #expect(try detect("model.onnx").get() == graph)
    #expect(try detect("model.onnx", "config.json", "tokenizer.json", "labels.txt").get() == graph)
  }

  @Test func saysWhatWasFoundAndWhatIsAllowed() throws {
    #expect(reason(try detect()).hasPrefix("the folder is empty; a version folder holds either"))
    #expect(reason(try detect("a.gguf", "b.gguf")).hasPrefix("there are 2 models in one folder"))
    #expect(
      reason(try detect("resnet18.onnx")) == "there is resnet18.onnx; rename it to model.onnx")
    #expect(
      reason(try detect("config.json", "onnx/model_quantized.onnx"))
        == "there is onnx/model_quantized.onnx; rename it to model.onnx")
    #expect(reason(try detect("model.onnx", "a.gguf")).hasPrefix("there are 2 models"))
    #expect(reason(try detect("notes.txt")).hasPrefix("there is no model here (notes.txt)"))
    #expect(reason(try detect("config.json", "pytorch_model.bin")).contains("PyTorch"))
    #expect(
      reason(try detect("config.json", "model.safetensors.index.json")).contains("several files"))
    let missing = #expect(throws: ModelError.self) { try ModelFolder.detect("/nowhere/at/all") }
    #expect(missing?.code == .unreadable)
  }
}

/// As Hugging Face's exports lie there.
struct ExportedFolderTests {
  @Test func graphInAFolderOfItsOwn() throws {
    let folder = try TemporaryFolder()
    try folder.write("onnx/model.onnx", "x")
    try folder.write("config.json", "{}")
    let path = folder.path
    #expect(
      try ModelFolder.detect(path) == .graph(file: "\(path)/onnx/model.onnx", folder: path))
    try folder.write("model.safetensors", "x")
    #expect(try ModelFolder.detect(path) == .encoder(folder: path))
  }
}

extension ModelFolder {
  fileprivate func relative(to path: String) -> ModelFolder {
    switch self {
    case .llama(let file): .llama(path: String(file.dropFirst(path.count)))
    case .encoder(let folder): .encoder(folder: String(folder.dropFirst(path.count)))
    case .head(let folder): .head(folder: String(folder.dropFirst(path.count)))
    case .graph(let file, let folder):
      .graph(
        file: String(file.dropFirst(path.count)), folder: String(folder.dropFirst(path.count)))
    }
  }
}
