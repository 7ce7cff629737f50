internal import JSON

/// What `/openapi.json` says of a route (OpenAPI 3.1, "Operation Object"). Schemas are JSON text,
/// as they will stand there; those that several routes share are in `Schemas`.
struct Operation: Sendable {
  struct Parameter: Sendable {
    let name: String
    let description: String
    let schema: String

    init(_ name: String, _ description: String, schema: String = #"{"type":"string"}"#) {
      self.name = name
      self.description = description
      self.schema = schema
    }
  }

  struct Body: Sendable {
    let schema: String
    let isRequired: Bool

    init(_ schema: String, isRequired: Bool = true) {
      self.schema = schema
      self.isRequired = isRequired
    }
  }

  struct Answer: Sendable {
    let status: Int
    let description: String
    /// Schemas by media type; none for an answer without a body.
    let content: [(type: String, schema: String)]

    init(_ status: Int, _ description: String, _ content: [(type: String, schema: String)] = []) {
      self.status = status
      self.description = description
      self.content = content
    }

    static func json(_ status: Int, _ description: String, _ schema: String) -> Answer {
      Answer(status, description, [(HTTPResponse.jsonType, schema)])
    }

    static func json(_ description: String, _ schema: String) -> Answer {
      json(200, description, schema)
    }
  }

  /// How a generated client would name it.
  let id: String
  let summary: String
  var description = ""
  let tag: String
  var query: [Parameter] = []
  var headers: [Parameter] = []
  /// What the path captures, by name.
  var path: [Parameter] = []
  var request: Body?
  let answers: [Answer]

  /// A reference to one of `Schemas`.
  static func schema(_ name: String) -> String { ##"{"$ref":"#/components/schemas/\##(name)"}"## }
}

extension Route {
  /// The route's description, as the value of its method in the path's object.
  func writeOperation(isDeprecated: Bool, to json: inout JSONWriter) {
    json.object { json in
      json.member("operationId", operation.id)
      json.member("summary", operation.summary)
      if !operation.description.isEmpty { json.member("description", operation.description) }
      json.member("tags", [operation.tag])
      if isDeprecated { json.member("deprecated", true) }
      if access == .open {
        json.key("security")
        json.array { _ in }
      }
      writeParameters(to: &json)
      if let request = operation.request {
        json.key("requestBody")
        json.object { json in
          json.member("required", request.isRequired)
          Self.writeContent([(HTTPResponse.jsonType, request.schema)], to: &json)
        }
      }
      writeAnswers(to: &json)
    }
  }

  private func writeParameters(to json: inout JSONWriter) {
    let common = [
      Operation.Parameter("x-request-id", "Identifies the request in logs; made here when absent."),
      Operation.Parameter(
        "x-timeout-ms", "Give up after so many milliseconds.",
        schema: #"{"type":"integer","minimum":1,"maximum":4294967295}"#),
    ]
    let all =
      pattern.names.map { name in
        ("path", operation.path.first { $0.name == name } ?? Operation.Parameter(name, ""))
      } + operation.query.map { ("query", $0) }
      + (operation.headers + (access == .open ? [] : common)).map { ("header", $0) }
    json.key("parameters")
    json.array(all) { json, parameter in
      json.object { json in
        json.member("name", parameter.1.name)
        json.member("in", parameter.0)
        json.member("description", parameter.1.description)
        if parameter.0 == "path" { json.member("required", true) }
        json.key("schema")
        json.json(parameter.1.schema.utf8)
      }
    }
  }

  private func writeAnswers(to json: inout JSONWriter) {
    json.key("responses")
    json.object { json in
      for answer in operation.answers {
        json.key("\(answer.status)")
        json.object { json in
          json.member("description", answer.description)
          if !answer.content.isEmpty { Self.writeContent(answer.content, to: &json) }
        }
      }
      for (range, meaning) in [
        ("4XX", "What is wrong with the request."), ("5XX", "The server could not answer."),
      ] {
        json.key(range)
        json.object { json in
          json.member("description", meaning)
          Self.writeContent(
            [(dialect.contentType, Operation.schema(dialect.schemaName))], to: &json)
        }
      }
    }
  }

  private static func writeContent(
    _ content: [(type: String, schema: String)], to json: inout JSONWriter
  ) {
    json.key("content")
    json.object { json in
      for (type, schema) in content {
        json.key(type)
        json.object { json in
          json.key("schema")
          json.json(schema.utf8)
        }
      }
    }
  }
}

extension ErrorDialect {
  fileprivate var schemaName: String {
    switch self {
    case .own: "Error"
    case .problem: "Problem"
    case .openAI: "OpenAIError"
    case .openInference: "OpenInferenceError"
    case .both: "SharedError"
    }
  }
}
