internal import Messages

/// ModelInfer: a Predict in named tensors. Keys, limits, cache, fallback, usage and figures are
/// those of the same path.
///
///     tensors → InferReader → PredictHandler → InferFormatter → tensors
struct InferHandler: Sendable {
  let predictions: PredictHandler

  func infer(_ request: OpenInference.ModelInferRequest, _ context: CallContext) async throws
    -> OpenInference.ModelInferResponse
  {
    let route = predictions.registry.route(
      request.modelName, version: request.modelVersion, for: context.record?.caller)
    do {
      let call = try await read(request, route, context)
      let answer = try await predictions.predict(call, context, along: route)
      return try InferFormatter.response(answer, to: request)
    } catch let status as Status {
      throw status.inWordsOfTensors
    }
  }

  private func read(
    _ request: OpenInference.ModelInferRequest, _ route: ModelRoute, _ context: CallContext
  ) async throws(Status) -> ApusV1.PredictRequest {
    do throws(Status) {
      let signature = (try? route.target.get()).map { ModelSignature($0) }
      return try InferReader(request: request, signature: signature).predictRequest()
    } catch {
      // Charged as a Predict with wrong instances is; and what is wrong with the model, or with
      // the key, comes first.
      let record = context.record
      _ = try context.requestID(wanted: request.id)
      record?.ended(.decode)
      try await predictions.admission.admit(route, record, context, tokens: 0, instances: 0)
      _ = try route.target.get()
      throw error
    }
  }
}

extension Status {
  /// What a Predict finds wrong with its fields, told of those that a ModelInfer has instead.
  var inWordsOfTensors: Status {
    guard code == .invalidArgument, let colon = message.firstIndex(of: ":") else { return self }
    var status = self
    let (field, reason) = (message[..<colon], message[colon...])
    if field.hasPrefix("instances[") {
      // An instance is a row of the one input.
      let row = field.dropFirst("instances[".count).prefix { $0 != "]" }
      status.message = "inputs[0][\(row)]" + reason
    } else if field.hasPrefix("options.") {
      status.message = "parameters." + message.dropFirst("options.".count)
    } else {
      switch field {
      case "instances": status.message = "inputs[0].shape" + reason
      case "request_id": status.message = "id" + reason
      case "model": status.message = "model_name" + reason
      default: break
      }
    }
    return status
  }
}
