import Messages
import Testing

@testable import Serving

private typealias Request = OpenInference.ModelInferRequest
private typealias Input = OpenInference.ModelInferRequest.InferInputTensor

@Suite struct InferReaderTests {
  private static let facts: ModelFacts = {
    var facts = ModelFacts(task: .embedding, architecture: "bert", quantization: "int8")
    facts.maximumInstances = 3
    return facts
  }()
  private static let texts = ModelSignature(
    "minilm", [ModelSignature.text], [ModelSignature.embedding(4)], facts)
  private static let rows = ModelSignature(
    "rows", [ModelSignature.features(2)], ModelSignature.classification(2), facts)
  private static let stories = ModelSignature("stories", [], [], facts)

  private func read(_ request: Request, _ signature: ModelSignature?) throws(Status)
    -> ApusV1.PredictRequest
  {
    try InferReader(request: request, signature: signature).predictRequest()
  }

  private static func text(
    _ shape: [Int64], _ texts: [String] = [], _ change: (inout Request) -> Void = { _ in }
  ) -> Request {
    var request = Request(
      modelName: "minilm",
      inputs: [
        Input(
          name: "text", datatype: "BYTES", shape: shape,
          contents: .init(bytesContents: texts.map { Array($0.utf8) }))
      ])
    change(&request)
    return request
  }

  private static func features(
    _ datatype: String, _ shape: [Int64], _ contents: OpenInference.InferTensorContents = .init(),
    raw: [[UInt8]] = []
  ) -> Request {
    Request(
      modelName: "rows",
      inputs: [Input(name: "features", datatype: datatype, shape: shape, contents: contents)],
      rawInputContents: raw)
  }

  // MARK: What is read

  @Test(arguments: [[Int64(2)], [2, 1]])
  func textsAreInstances(shape: [Int64]) throws {
    let expected = ["a", "b"].map { ApusV1.Instance(kind: .text($0)) }
    let typed = try read(Self.text(shape, ["a", "b"]), Self.texts)
    #expect(typed.instances == expected && typed.model == "minilm" && typed.options == nil)
    let raw = Self.text(shape) { request in
      request.inputs[0].contents = nil
      request.rawInputContents = [RawContents.bytes(["a", "b"])]
    }
    #expect(try read(raw, Self.texts).instances == expected)
  }

  private static let twoRows = [[1, 2], [3, 4]].map {
    ApusV1.Instance(kind: .features(ApusV1.FeatureRow(values: $0)))
  }
  private static let numbers: [(String, OpenInference.InferTensorContents)] = [
    ("FP32", .init(fp32Contents: [1, 2, 3, 4])), ("FP64", .init(fp64Contents: [1, 2, 3, 4])),
    ("INT8", .init(intContents: [1, 2, 3, 4])), ("INT32", .init(intContents: [1, 2, 3, 4])),
    ("INT64", .init(int64Contents: [1, 2, 3, 4])), ("UINT16", .init(uintContents: [1, 2, 3, 4])),
    ("UINT64", .init(uint64Contents: [1, 2, 3, 4])),
  ]

  @Test(arguments: numbers)
  func rowsOfAnyNumberAreInstances(
    datatype: String, contents: OpenInference.InferTensorContents
  ) throws {
    let call = try read(Self.features(datatype, [2, 2], contents), Self.rows)
    #expect(call.instances == Self.twoRows)
  }

  @Test func rawRowsAreInstances() throws {
    let raw = [RawContents.bytes([1, 2, 3, 4])]
    let call = try read(Self.features("FP32", [2, 2], raw: raw), Self.rows)
    #expect(call.instances == Self.twoRows)
  }

  @Test func idVersionAndParametersAreThePredicts() throws {
    let request = Self.text([1], ["a"]) { request in
      request.id = "mine"
      request.modelVersion = "stable"
      request.parameters = [
        "top_k": .init(parameterChoice: .int64Param(3)),
        "normalize": .init(parameterChoice: .boolParam(false)),
        "no_cache": .init(parameterChoice: .boolParam(true)),
        "timeout": .init(parameterChoice: .int64Param(1001)),
        "priority": .init(parameterChoice: .stringParam("unknown ones are ignored")),
      ]
    }
    let call = try read(request, Self.texts)
    #expect(call.requestID == "mine" && call.version == "stable")
    #expect(
      call.options
        == ApusV1.PredictOptions(topK: 3, normalize: false, queueTimeoutMs: 2, noCache: true))
  }

  @Test func whatStandsInForAModelTakesWhatItTakes() throws {
    #expect(try read(Self.text([1], ["a"]), nil).instances.count == 1)
    let rows = Self.features("FP32", [1, 3], .init(fp32Contents: [1, 2, 3]))
    #expect(try read(rows, nil).instances.count == 1)
  }

  // MARK: What is refused

  private static let huge: [Int64] = [3, .max]

  private static let wrongTexts: [(OpenInference.ModelInferRequest, String)] = [
    (Self.text([], ["a"]), "inputs[0].shape: expected [N] or [N, 1], got []"),
    (Self.text([1, 2], ["a", "b"]), "inputs[0].shape: expected [N] or [N, 1], got [1, 2]"),
    (Self.text([-1], []), "inputs[0].shape: expected [N] or [N, 1], got [-1]"),
    (
      Self.text(Array(repeating: 1, count: 9), ["a"]),
      "inputs[0].shape: expected [N] or [N, 1], got 9 dimensions"
    ),
    (Self.text([0], []), "inputs[0].shape: expected 1 to 3 instances for model minilm, got 0"),
    (
      Self.text([.max], ["a"]),
      "inputs[0].shape: expected 1 to 3 instances for model minilm, got 9223372036854775807"
    ),
    (
      Self.text([2], ["a"]),
      "inputs[0].contents.bytes_contents: expected 2 elements as the shape says, got 1"
    ),
    (Self.text([1], ["a"]) { $0.inputs = [] }, "inputs: expected `text` once, got 0 tensors"),
    (
      Self.text([1], ["a"]) { $0.inputs.append($0.inputs[0]) },
      "inputs: expected `text` once, got 2 tensors"
    ),
    (
      Self.text([1], ["a"]) { $0.inputs[0].name = "TEXT" },
      "inputs[0].name: model minilm has no input `TEXT`; it takes `text`"
    ),
    (
      Self.text([1], ["a"]) { $0.inputs.append(Input(name: "more")) },
      "inputs[1].name: model minilm has no input `more`; it takes `text`"
    ),
    (
      Self.text([1], ["a"]) { $0.inputs[0].datatype = "FP32" },
      "inputs[0].datatype: expected BYTES, got `FP32`"
    ),
    (
      Self.text([1], ["a"]) { $0.inputs[0].contents?.intContents = [1] },
      "inputs[0].contents.int_contents: elements of BYTES stand in bytes_contents"
    ),
    (
      Self.text([1]) { $0.inputs[0].contents?.bytesContents = [[0xff]] },
      "inputs[0][0]: expected a text in UTF-8"
    ),
    (
      Self.text([1], ["a"]) { $0.rawInputContents = [[1, 0, 0, 0, 97]] },
      "inputs[0].contents: there are raw_input_contents too; give one of the two"
    ),
    (
      Self.text([1]) { $0.rawInputContents = [[], []] },
      "raw_input_contents: expected one for each of 1 inputs, got 2"
    ),
    (
      Self.text([1]) { $0.rawInputContents = [[1, 0, 0, 0]] },
      "raw_input_contents[0]: at byte 4: expected an element of 1 bytes, but only 0 bytes are left"
    ),
    (
      Self.text([1], ["a"]) { $0.outputs = [.init(name: "scores")] },
      "outputs[0].name: model minilm has no output `scores`; it gives `embedding`"
    ),
    (
      Self.text([1], ["a"]) { $0.outputs = [.init(name: "embedding"), .init(name: "embedding")] },
      "outputs[1].name: `embedding` is there twice"
    ),
    (
      Self.text([1], ["a"]) { $0.parameters["top_k"] = .init(parameterChoice: .int64Param(-1)) },
      "parameters.top_k: expected a whole number from 0"
    ),
    (
      Self.text([1], ["a"]) {
        $0.parameters["truncate"] = .init(parameterChoice: .stringParam("no"))
      },
      "parameters.truncate: expected true or false"
    ),
  ]

  @Test(arguments: wrongTexts)
  func textsThatAreWrong(request: OpenInference.ModelInferRequest, words: String) {
    check(request, Self.texts, words)
  }

  private static let wrongRows: [(OpenInference.ModelInferRequest, String)] = [
    (
      Self.features("BOOL", [1, 2], .init(boolContents: [true, false])),
      "inputs[0].datatype: expected FP32, FP64 or a type of whole numbers, got `BOOL`"
    ),
    (
      Self.features("FP16", [1, 2], raw: [[0, 0, 0, 0]]),
      "inputs[0].datatype: expected FP32, FP64 or a type of whole numbers, got `FP16`"
    ),
    (Self.features("FP32", [2]), "inputs[0].shape: expected [N, 2], got [2]"),
    (Self.features("FP32", [1, 3]), "inputs[0].shape: expected [N, 2], got [1, 3]"),
    (Self.features("FP32", [-1, 2]), "inputs[0].shape: expected [N, 2], got [-1, 2]"),
    (
      Self.features("FP32", [4, 2]),
      "inputs[0].shape: expected 1 to 3 instances for model rows, got 4"
    ),
    (
      Self.features("FP32", [.max, 2]),
      "inputs[0].shape: [9223372036854775807, 2] has more elements than there are"
    ),
    (
      Self.features("FP32", [1, 2], .init(fp64Contents: [1, 2])),
      "inputs[0].contents.fp64_contents: elements of FP32 stand in fp32_contents"
    ),
    (
      Self.features("FP32", [2, 2], raw: [[0, 0, 0]]),
      "raw_input_contents[0]: expected 4 elements of 4 bytes as the shape says, got 3 bytes"
    ),
    (
      Self.features("INT8", [1, 2], .init(intContents: [1, 128])),
      "inputs[0].contents.int_contents[1]: expected -128 to 127 as INT8 has it, got 128"
    ),
    (
      Self.features("UINT16", [1, 2], .init(uintContents: [65_536, 0])),
      "inputs[0].contents.uint_contents[0]: expected 0 to 65535 as UINT16 has it, got 65536"
    ),
    (
      Self.features("FP64", [2, 2], .init(fp64Contents: [1, 2, 3, 1e300])),
      "inputs[0][1]: element 3 of the tensor is not finite as FP32, which the model computes on"
    ),
  ]

  @Test(arguments: wrongRows)
  func rowsThatAreWrong(request: OpenInference.ModelInferRequest, words: String) {
    check(request, Self.rows, words)
  }

  @Test func whatIsOutOfBoundsWithoutAModelIsRefusedToo() {
    check(
      Self.features("FP32", Self.huge), nil,
      "inputs[0].shape: [3, 9223372036854775807] has more elements than there are")
    check(
      Self.features("FP32", [1, .max], raw: [[]]), nil,
      "raw_input_contents[0]: expected 9223372036854775807 elements of 4 bytes")
    check(Self.text([10_001]), nil, "inputs[0].shape: expected 1 to 10000 instances for a model")
  }

  @Test func aModelThatWritesTextIsCalledOtherwise() {
    check(
      Self.text([1], ["a"]), Self.stories,
      "model stories generates text: call StreamPredict, not ModelInfer")
  }

  private func check(_ request: Request, _ signature: ModelSignature?, _ words: String) {
    do {
      _ = try read(request, signature)
      Issue.record("nothing was wrong with it: \(words)")
    } catch {
      #expect(error.code == .invalidArgument && error.message.hasPrefix(words), "\(error)")
    }
  }
}

@Suite struct TensorWordsTests {
  @Test(arguments: [
    ("instances[12].features.values[2]: expected a finite number", "inputs[0][12]: expected a"),
    ("instances[0]: model rows takes", "inputs[0][0]: model rows takes"),
    ("instances: expected 1 to 100", "inputs[0].shape: expected 1 to 100"),
    ("options.top_k: model minilm", "parameters.top_k: model minilm"),
    ("request_id: 129 bytes", "id: 129 bytes"), ("model: a name is required", "model_name: a name"),
    ("the queue: instances", "the queue: instances"), ("no field", "no field"),
  ])
  func aPredictsComplaintsNameTensors(given: String, expected: String) {
    #expect(Status(.invalidArgument, given).inWordsOfTensors.message.hasPrefix(expected))
    #expect(Status(.notFound, given).inWordsOfTensors.message == given)
  }
}
