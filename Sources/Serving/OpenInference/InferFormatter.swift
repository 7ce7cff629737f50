internal import Messages

/// Makes the answer to a ModelInfer of a Predict's.
enum InferFormatter {
  static func response(
    _ answer: ApusV1.PredictResponse, to request: OpenInference.ModelInferRequest
  ) throws(Status) -> OpenInference.ModelInferResponse {
    var response = OpenInference.ModelInferResponse(
      modelName: answer.model, modelVersion: answer.version, id: request.id)
    if answer.cached {
      response.parameters["cached"] = .init(parameterChoice: .boolParam(true))
    }
    if let fallback = answer.fallback {
      response.parameters["fallback"] = .init(parameterChoice: .stringParam(fallback.kind.name))
      response.parameters["fallback_reason"] =
        .init(parameterChoice: .stringParam(fallback.reason))
    }
    // As Triton does: whoever sends raw contents reads them.
    let isRaw = !request.rawInputContents.isEmpty
    for output in try wanted(of: OutputTensor.all(answer), by: request, from: answer.model) {
      response.outputs.append(output.tensor(isRaw: isRaw))
      if isRaw { response.rawOutputContents.append(output.raw) }
    }
    return response
  }

  private static func wanted(
    of outputs: [OutputTensor], by request: OpenInference.ModelInferRequest, from model: String
  ) throws(Status) -> [OutputTensor] {
    if request.outputs.isEmpty { return outputs }
    var wanted: [OutputTensor] = []
    for output in request.outputs {
      guard let found = outputs.first(where: { $0.name == output.name }) else {
        // The model that was asked for has it: the request was checked against that.
        throw Status(
          .unavailable,
          "what stands in for model \(model) gives no output `\(Validation.shown(output.name))`")
      }
      wanted.append(found)
    }
    return wanted
  }
}

extension ApusV1.Fallback.Kind {
  fileprivate var name: String {
    switch self {
    case .previousVersion: "previous_version"
    case .otherModel: "other_model"
    case .staticAnswer: "static_answer"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}
