internal import JSON
internal import Messages

extension Route {
  static let listModels = Route(
    .get, "/v1/models", dialect: .both,
    operation: Operation(
      id: "listModels", summary: "List the models", tag: "Models",
      answers: [
        .json(
          "All models, also those that failed to load.",
          #"{"type":"object","required":["object","data"],"properties":{"object":{"const":"list"},"#
            + ##""data":{"type":"array","items":{"$ref":"#/components/schemas/Model"}}}}"##)
      ])
  ) { _, gateway in
    let answer = try await gateway.inference.listModels(ApusV1.ListModelsRequest())
    return .json { json in
      json.object { json in
        json.member("object", "list")
        json.key("data")
        json.array(answer.models) { json, model in model.write(to: &json) }
      }
    }
  }

  static let getModel = Route(
    .get, "/v1/models/{name}", dialect: .both,
    operation: Operation(
      id: "getModel", summary: "Describe a model", tag: "Models",
      query: [.init("version", "Show only this version; a number, `latest` or a label.")],
      path: [.init("name", "The model's name.")],
      answers: [.json("The model and its versions.", Operation.schema("Model"))])
  ) { request, gateway in
    let query = try QueryItems(request, allowing: ["version"])
    let answer = try await gateway.inference.getModel(
      ApusV1.GetModelRequest(
        name: request.parameters[0], version: query.text("version") ?? ""))
    return .model(answer.model)
  }
}

extension HTTPResponse {
  static func model(_ model: ApusV1.ModelInfo?) -> HTTPResponse {
    .json { (model ?? ApusV1.ModelInfo()).write(to: &$0) }
  }
}
