internal import Messages

/// The test's models in named tensors: `embed` and `mood` take `text`, `rows` takes `features`, and
/// `shapes` hands its inputs back. Parameters come back too.
struct TestInference: OpenInference.GRPCInferenceService {
  let models: TestModels

  func serverLive(_ request: OpenInference.ServerLiveRequest, context: CallContext) async throws
    -> OpenInference.ServerLiveResponse
  {
    OpenInference.ServerLiveResponse(live: true)
  }

  func serverReady(_ request: OpenInference.ServerReadyRequest, context: CallContext) async throws
    -> OpenInference.ServerReadyResponse
  {
    OpenInference.ServerReadyResponse(ready: models.isReady)
  }

  func modelReady(_ request: OpenInference.ModelReadyRequest, context: CallContext) async throws
    -> OpenInference.ModelReadyResponse
  {
    try models.check(request.name, request.version)
    return OpenInference.ModelReadyResponse(ready: models.isReady || request.name != "story")
  }

  func serverMetadata(
    _ request: OpenInference.ServerMetadataRequest, context: CallContext
  ) async throws -> OpenInference.ServerMetadataResponse {
    OpenInference.ServerMetadataResponse(name: "test", version: "1")
  }

  func modelMetadata(
    _ request: OpenInference.ModelMetadataRequest, context: CallContext
  ) async throws -> OpenInference.ModelMetadataResponse {
    try models.check(request.name, request.version)
    return OpenInference.ModelMetadataResponse(
      name: request.name, versions: ["1"], platform: "test",
      inputs: [.init(name: "text", datatype: "BYTES", shape: [-1])],
      outputs: [.init(name: "embedding", datatype: "FP32", shape: [-1, 4])])
  }

  func modelInfer(_ request: OpenInference.ModelInferRequest, context: CallContext) async throws
    -> OpenInference.ModelInferResponse
  {
    var response = OpenInference.ModelInferResponse(
      modelName: request.modelName, modelVersion: "1", id: request.id,
      parameters: request.parameters)
    guard !request.inputs.isEmpty else {
      throw Status(.invalidArgument, "inputs: expected one, got none")
    }
    if request.modelName == "shapes" {
      response.outputs = request.inputs.map {
        .init(name: $0.name, datatype: $0.datatype, shape: $0.shape, contents: $0.contents)
      }
      return response
    }
    let call = ApusV1.PredictRequest(
      model: request.modelName, version: request.modelVersion,
      instances: request.inputs.flatMap(Self.instances))
    let rows = try await models.predict(call, context: context).predictions.map(Self.row)
    response.outputs = [
      .init(
        name: "values", datatype: "FP32", shape: [Int64(rows.count), Int64(rows[0].count)],
        contents: .init(fp32Contents: Array(rows.joined())))
    ]
    return response
  }

  private static func instances(
    _ tensor: OpenInference.ModelInferRequest.InferInputTensor
  ) -> [ApusV1.Instance] {
    guard let contents = tensor.contents else { return [] }
    if tensor.datatype == "BYTES" {
      return contents.bytesContents.map {
        ApusV1.Instance(kind: .text(String(decoding: $0, as: UTF8.self)))
      }
    }
    return [ApusV1.Instance(kind: .features(ApusV1.FeatureRow(values: contents.fp32Contents)))]
  }

  private static func row(_ prediction: ApusV1.Prediction) -> [Float] {
    switch prediction.kind {
    case .embedding(let embedding): embedding.values
    case .classification(let classification): classification.labels.map(\.score)
    case .values(let values): values.values
    case .tensors, .text, nil: []
    }
  }
}
