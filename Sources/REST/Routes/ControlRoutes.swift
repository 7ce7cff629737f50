internal import Messages

extension Route {
  private static let modelName = Operation.Parameter("name", "The model's name.")
  private static let versionBody = Operation.Body(
    ##"""
    {"type":"object","additionalProperties":false,"properties":{
    "model_version":{"$ref":"#/components/schemas/Version"}}}
    """##, isRequired: false)

  static let loadModel = Route(
    .post, "/v1/models/{name}/load", access: .admin, dialect: .problem,
    operation: Operation(
      id: "loadModel", summary: "Load a version from the models' source",
      description: "Answers when it is ready. The newest version there unless one is named.",
      tag: "Administration", path: [modelName], request: versionBody,
      answers: [.json("The model.", Operation.schema("Model"))])
  ) { request, gateway in
    let answer = try await gateway.control.loadModel(
      ApusV1.LoadModelRequest(model: request.parameters[0], version: try request.version()))
    return .model(answer.model)
  }

  static let unloadModel = Route(
    .post, "/v1/models/{name}/unload", access: .admin, dialect: .problem,
    operation: Operation(
      id: "unloadModel", summary: "Take out a version, or all",
      description: "Its calls finish first; answers when it is gone.",
      tag: "Administration", path: [modelName], request: versionBody,
      answers: [.json("The model.", Operation.schema("Model"))])
  ) { request, gateway in
    let answer = try await gateway.control.unloadModel(
      ApusV1.UnloadModelRequest(model: request.parameters[0], version: try request.version()))
    return .model(answer.model)
  }

  static let rollBackModel = Route(
    .post, "/v1/models/{name}/rollback", access: .admin, dialect: .problem,
    operation: Operation(
      id: "rollBackModel", summary: "Make the version before the latest answer again",
      tag: "Administration", path: [modelName],
      answers: [.json("The model.", Operation.schema("Model"))])
  ) { request, gateway in
    let answer = try await gateway.control.rollBackModel(
      ApusV1.RollBackModelRequest(model: request.parameters[0]))
    return .model(answer.model)
  }

  private static let label = Operation.Parameter("label", "Such as `stable` or `canary`.")

  static let setLabel = Route(
    .put, "/v1/models/{name}/labels/{label}", access: .admin, dialect: .problem,
    operation: Operation(
      id: "setLabel", summary: "Point a label at a version",
      tag: "Administration", path: [modelName, label],
      request: .init(
        ##"""
        {"type":"object","required":["model_version"],"additionalProperties":false,"properties":{
        "model_version":{"$ref":"#/components/schemas/Version"},
        "share":{"type":"number","minimum":0,"maximum":1,
        "description":"Of the calls that name no version."}}}
        """##),
      answers: [.json("The model.", Operation.schema("Model"))])
  ) { request, gateway in
    let fields = try request.object()
    try fields.allowOnly(["model_version", "share"])
    guard let version = try fields.version(), !version.isEmpty else {
      throw fields.error("model_version", "is missing; DELETE takes a label away")
    }
    let answer = try await gateway.control.setLabel(
      ApusV1.SetLabelRequest(
        model: request.parameters[0], label: request.parameters[1], version: version,
        share: try fields.number("share", in: 0...1) ?? 0))
    return .model(answer.model)
  }

  static let removeLabel = Route(
    .delete, "/v1/models/{name}/labels/{label}", access: .admin, dialect: .problem,
    operation: Operation(
      id: "removeLabel", summary: "Take a label away",
      tag: "Administration", path: [modelName, label],
      answers: [.json("The model.", Operation.schema("Model"))])
  ) { request, gateway in
    let answer = try await gateway.control.setLabel(
      ApusV1.SetLabelRequest(model: request.parameters[0], label: request.parameters[1]))
    return .model(answer.model)
  }
}

extension HTTPRequest {
  /// The version that a body names, if there is one.
  fileprivate func version() throws -> String {
    guard let fields = try objectIfAny() else { return "" }
    try fields.allowOnly(["model_version"])
    return try fields.version() ?? ""
  }
}
