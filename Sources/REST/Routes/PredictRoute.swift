internal import Messages

extension Route {
  static let predict = Route(
    .post, "/v1/predict",
    operation: Operation(
      id: "predict", summary: "Run a model on one or more inputs",
      description: "Answers with one prediction for each input, in their order.",
      tag: "Inference", request: .init(Operation.schema("PredictRequest")),
      answers: [.json("The predictions.", Operation.schema("PredictResponse"))])
  ) { request, gateway in
    let answer = try await gateway.inference.predict(call(request))
    return .json { answer.write(to: &$0) }
  }

  private static func call(_ request: HTTPRequest) throws -> ApusV1.PredictRequest {
    var call = try ApusV1.PredictRequest(request.object())
    if request.refusesCache {
      call.options = call.options ?? ApusV1.PredictOptions()
      call.options?.noCache = true
    }
    return call
  }
}
