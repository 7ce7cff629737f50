internal import JSON
internal import Messages

// What the Open Inference Protocol asks of server and models beside their answers. A "no" is 503,
// which probes and clients take for one.

extension Route {
  static let serverMetadata = Route(
    .get, "/v2", dialect: .openInference,
    operation: Operation(
      id: "serverMetadata", summary: "Tell what the server is", tag: "Open Inference",
      answers: [.json("The server.", Operation.schema("ServerMetadata"))])
  ) { _, gateway in
    let answer = try await gateway.openInference.serverMetadata(
      OpenInference.ServerMetadataRequest())
    return .json { json in
      json.object { json in
        json.member("name", answer.name)
        json.member("version", answer.version)
        json.member("extensions", answer.extensions)
      }
    }
  }

  static let serverLive = Route(
    .get, "/v2/health/live", access: .open, dialect: .openInference,
    operation: probe("serverLive", "Tell whether the server lives", truth: "live")
  ) { _, gateway in
    let answer = try await gateway.openInference.serverLive(OpenInference.ServerLiveRequest())
    return .json(status: answer.live ? 200 : 503) { json in
      json.object { $0.member("live", answer.live) }
    }
  }

  static let serverReady = Route(
    .get, "/v2/health/ready", access: .open, dialect: .openInference,
    operation: probe("serverReady", "Tell whether every model can answer", truth: "ready")
  ) { _, gateway in
    let answer = try await gateway.openInference.serverReady(OpenInference.ServerReadyRequest())
    return .json(status: answer.ready ? 200 : 503) { json in
      json.object { $0.member("ready", answer.ready) }
    }
  }

  /// With and without a version in the path, as the routes below.
  static let modelReady = [
    ready("/v2/models/{name}/ready", id: "modelReady"),
    ready("/v2/models/{name}/versions/{version}/ready", id: "modelVersionReady"),
  ]

  static let modelMetadata = [
    metadata("/v2/models/{name}", id: "modelMetadata"),
    metadata("/v2/models/{name}/versions/{version}", id: "modelVersionMetadata"),
  ]

  private static func ready(_ pattern: String, id: String) -> Route {
    Route(
      .get, pattern, access: .open, dialect: .openInference,
      operation: probe(
        id, "Tell whether a model can answer", truth: "ready", path: modelPath(pattern))
    ) { request, gateway in
      let name = request.parameters[0]
      let answer = try await gateway.openInference.modelReady(
        OpenInference.ModelReadyRequest(name: name, version: request.modelVersion))
      return .json(status: answer.ready ? 200 : 503) { json in
        json.object { json in
          json.member("name", name)
          json.member("ready", answer.ready)
        }
      }
    }
  }

  private static func metadata(_ pattern: String, id: String) -> Route {
    Route(
      .get, pattern, dialect: .openInference,
      operation: Operation(
        id: id, summary: "Tell which tensors a model takes and gives", tag: "Open Inference",
        path: modelPath(pattern),
        answers: [.json("The model.", Operation.schema("ModelMetadata"))])
    ) { request, gateway in
      let answer = try await gateway.openInference.modelMetadata(
        OpenInference.ModelMetadataRequest(
          name: request.parameters[0], version: request.modelVersion))
      return .json { answer.write(to: &$0) }
    }
  }

  static func modelPath(_ pattern: String) -> [Operation.Parameter] {
    let name = Operation.Parameter("name", "The model's name.")
    let version = Operation.Parameter("version", "A number, `latest` or a label.")
    return pattern.contains("{version}") ? [name, version] : [name]
  }

  private static func probe(
    _ id: String, _ summary: String, truth: String, path: [Operation.Parameter] = []
  ) -> Operation {
    let schema =
      #"{"type":"object","required":["\#(truth)"],"properties":{"\#(truth)":{"type":"boolean"}}}"#
    return Operation(
      id: id, summary: summary, tag: "Open Inference", path: path,
      answers: [.json("So it is.", schema), .json(503, "It is not.", schema)])
  }
}

extension HTTPRequest {
  /// The version of a path that may have one behind the model's name; empty without.
  var modelVersion: String { parameters.count > 1 ? parameters[1] : "" }
}

extension OpenInference.ModelMetadataResponse {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("versions", versions)
      json.member("platform", platform)
      json.key("inputs")
      json.array(inputs) { json, tensor in tensor.write(to: &json) }
      json.key("outputs")
      json.array(outputs) { json, tensor in tensor.write(to: &json) }
    }
  }
}

extension OpenInference.ModelMetadataResponse.TensorMetadata {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("datatype", datatype)
      json.key("shape")
      json.array(shape) { json, size in json.integer(size) }
    }
  }
}
