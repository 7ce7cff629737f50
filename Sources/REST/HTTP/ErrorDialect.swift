internal import JSON

/// How a route writes its errors.
enum ErrorDialect: Sendable {
  /// `{"error": {"code", "message", "field", "request_id"}}`
  case own
  /// RFC 9457 problem details, for the administrator's routes.
  case problem
  /// `{"error": {"message", "type", "param", "code"}}`, all four always there.
  case openAI
  /// `{"error": "text"}`, as the Open Inference Protocol has it.
  case openInference
  /// Where clients of both kinds come: OpenAI's object with our keys in it.
  case both

  var contentType: String { self == .problem ? "application/problem+json" : HTTPResponse.jsonType }

  func response(_ error: HTTPError, requestID: String) -> HTTPResponse {
    var response = HTTPResponse.json(status: error.status, type: contentType) { json in
      write(error, requestID: requestID, to: &json)
    }
    response.headers.append(contentsOf: error.headers)
    return response
  }

  func write(_ error: HTTPError, requestID: String, to json: inout JSONWriter) {
    if self == .problem { return writeProblem(error, requestID, &json) }
    if self == .openInference { return json.object { $0.member("error", error.message) } }
    json.object { json in
      json.key("error")
      json.object { json in
        if self == .own { json.member("code", error.code) }
        json.member("message", error.message)
        if self != .own {
          json.member("type", Self.openAIType(error.status))
          json.member("param", error.field)
          json.member("code", self == .openAI ? Self.openAICode(error) : error.code)
        }
        if self != .openAI {
          json.member("field", error.field)
          json.member("request_id", requestID)
        }
      }
    }
  }

  private func writeProblem(_ error: HTTPError, _ requestID: String, _ json: inout JSONWriter) {
    json.object { json in
      json.member("type", "about:blank")
      json.member("title", error.code)
      json.member("status", error.status)
      json.member("detail", error.message)
      json.member("code", error.code)
      json.member("field", error.field)
      json.member("request_id", requestID)
    }
  }

  /// The types that OpenAI's documentation lists by status.
  private static func openAIType(_ status: Int) -> String {
    switch status {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 429: "rate_limit_error"
    case 400..<500: "invalid_request_error"
    default: "server_error"
    }
  }

  private static func openAICode(_ error: HTTPError) -> String? {
    switch error.status {
    case 401: "invalid_api_key"
    case 404 where error.code == "NOT_FOUND": "model_not_found"
    case 429: "rate_limit_exceeded"
    case 400: nil
    default: error.code.lowercased()
    }
  }
}
