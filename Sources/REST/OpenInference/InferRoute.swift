internal import Messages

extension Route {
  /// With and without a version in the path.
  static let modelInfer = [
    infer("/v2/models/{name}/infer", id: "modelInfer"),
    infer("/v2/models/{name}/versions/{version}/infer", id: "modelVersionInfer"),
  ]

  private static func infer(_ pattern: String, id: String) -> Route {
    Route(
      .post, pattern, dialect: .openInference,
      operation: Operation(
        id: id, summary: "Run a model on named tensors",
        description: "The first dimension of every tensor counts instances.", tag: "Open Inference",
        path: modelPath(pattern), request: .init(Operation.schema("InferRequest")),
        answers: [.json("The output tensors.", Operation.schema("InferResponse"))])
    ) { request, gateway in
      try refuseBinaryData(request)
      var call = try OpenInference.ModelInferRequest(request.object())
      call.modelName = request.parameters[0]
      call.modelVersion = request.modelVersion
      if request.refusesCache {
        call.parameters["no_cache"] = OpenInference.InferParameter(
          parameterChoice: .boolParam(true))
      }
      let answer = try await gateway.openInference.modelInfer(call)
      return .json { answer.write(to: &$0) }
    }
  }

  /// Of the protocol's extension for it, whose bodies begin with JSON and go on with bytes.
  private static func refuseBinaryData(_ request: HTTPRequest) throws(HTTPError) {
    let header = RequestHeader.inferenceHeaderContentLength
    guard request.headers[header] != nil else { return }
    throw HTTPError(
      .badRequest,
      "\(header.name): binary tensor data are not understood over HTTP; send all data as JSON, or "
        + "raw contents over gRPC",
      field: header.name)
  }
}
