import JSON
import Messages
import Testing

@testable import REST

@Suite struct StatusMappingTests {
  @Test(arguments: Status.Code.allCases) func everyCodeHasAStatus(code: Status.Code) {
    let expected: [Status.Code: Int] = [
      .ok: 200, .cancelled: 499, .unknown: 500, .invalidArgument: 400, .deadlineExceeded: 504,
      .notFound: 404, .alreadyExists: 409, .permissionDenied: 403, .resourceExhausted: 429,
      .failedPrecondition: 400, .aborted: 409, .outOfRange: 400, .unimplemented: 501,
      .internal: 500, .unavailable: 503, .dataLoss: 500, .unauthenticated: 401,
    ]
    let error = HTTPError(Status(code, "why"))
    #expect(error.status == expected[code] && error.code == code.name && error.message == "why")
  }

  @Test(arguments: [
    ("instances[3].text: too long", "inputs[3].text", "inputs[3].text: too long"),
    ("sampling.top_p: expected 0 to 1", "options.top_p", "options.top_p: expected 0 to 1"),
    ("version: must be a number", "model_version", "model_version: must be a number"),
    ("prompt: is empty", "prompt", "prompt: is empty"),
  ])
  func fieldsAreNamedAsJSONNamesThem(message: String, field: String, text: String) {
    let error = HTTPError(Status(.invalidArgument, message))
    #expect(error.field == field && error.message == text)
  }

  @Test(arguments: ["no field here", "Model a: is none", ": x", "it is so: because"])
  func whatIsNoFieldIsNone(message: String) {
    let error = HTTPError(Status(.invalidArgument, message))
    #expect(error.field == nil && error.message == message)
  }

  /// It would be refused again and again: "too many requests" says something else.
  @Test func aMessageThatIsTooLargeIs413() {
    var status = Status(.resourceExhausted, "a message of 9 bytes …")
    #expect(HTTPError(status).status == 429)
    status.add(.messageTooLarge)
    let error = HTTPError(status)
    #expect(error.status == 413 && error.code == "PAYLOAD_TOO_LARGE")
    #expect(error.message == "a message of 9 bytes …")
  }

  @Test func unknownErrorsStayHere() {
    struct Secret: Error {}
    let error = HTTPError(Secret())
    #expect(error.status == 500 && !error.message.contains("Secret"))
  }
}

@Suite struct ErrorDialectTests {
  private let error: HTTPError = {
    var error = HTTPError(.badRequest, "a: is wrong", field: "a")
    error.headers = [("retry-after", "1")]
    return error
  }()

  @Test func own() throws {
    let response = ErrorDialect.own.response(error, requestID: "r1")
    #expect(response.status == 400 && response.header("content-type") == "application/json")
    #expect(response.header("retry-after") == "1")
    #expect(
      response.text
        == #"{"error":{"code":"INVALID_ARGUMENT","message":"a: is wrong","#
        + #""field":"a","request_id":"r1"}}"#)
  }

  @Test func openAI() {
    #expect(
      ErrorDialect.openAI.response(error, requestID: "r1").text
        == #"{"error":{"message":"a: is wrong","type":"invalid_request_error","#
        + #""param":"a","code":null}}"#)
    let missing = HTTPError(Status(.notFound, "no model x"))
    #expect(
      ErrorDialect.openAI.response(missing, requestID: "r1").text
        == #"{"error":{"message":"no model x","type":"invalid_request_error","#
        + #""param":null,"code":"model_not_found"}}"#)
  }

  @Test func problem() throws {
    let response = ErrorDialect.problem.response(error, requestID: "r1")
    #expect(response.header("content-type") == "application/problem+json")
    let json = try response.json
    #expect(json["status"]?.integer == 400 && json["detail"]?.string == "a: is wrong")
    #expect(json["title"]?.string == "INVALID_ARGUMENT" && json["type"]?.string == "about:blank")
    #expect(json["field"]?.string == "a" && json["request_id"]?.string == "r1")
  }

  @Test func bothHasAllKeys() throws {
    let json = try ErrorDialect.both.response(error, requestID: "r1").json
    for key in ["message", "type", "param", "code", "field", "request_id"] {
      #expect(json["error"]?[key] != nil, "\(key)")
    }
  }
}

@Suite struct AnswerHeadersTests {
  @Test func onlyAllowedMetadataGoesOut() {
    var metadata: Metadata = [
      "retry-after": "7", "deprecation": "@1", "x-secret": "s",
      "link": "a\r\nevil: 1", "sunset": "", "set-cookie": "x",
    ]
    metadata.append("traceparent", binary: [1])
    #expect(
      AnswerHeaders.fields(of: metadata).map(\.name)
        == ["retry-after", "deprecation"])
  }

  @Test func pushbackBecomesRetryAfter() {
    let fields = AnswerHeaders.fields(of: ["grpc-retry-pushback-ms": "1500"])
    #expect(fields.map(\.name) == ["retry-after-ms", "retry-after"])
    #expect(fields.map(\.value) == ["1500", "2"])
    #expect(
      AnswerHeaders.fields(of: ["grpc-retry-pushback-ms": "1500", "retry-after": "9"]).count == 1)
    #expect(AnswerHeaders.fields(of: ["grpc-retry-pushback-ms": "-1"]).isEmpty)
  }
}
