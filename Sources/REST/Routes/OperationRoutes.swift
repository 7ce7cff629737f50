internal import Metrics

extension Route {
  /// - Parameter text: in the Prometheus text format, version 0.0.4.
  static func metrics(_ text: @escaping @Sendable () -> String) -> Route {
    Route(
      .get, "/metrics", access: .open,
      operation: Operation(
        id: "metrics", summary: "Measurements for Prometheus", tag: "Operation",
        answers: [
          Operation.Answer(200, "In the text format.", [("text/plain", #"{"type":"string"}"#)])
        ])
    ) { _, _ in .text(text(), type: Registry.contentType) }
  }

  /// - Parameter text: the description as it is now.
  static func openAPI(_ text: @escaping @Sendable () -> [UInt8]) -> Route {
    Route(.get, "/openapi.json", access: .open, operation: openAPIOperation) { _, _ in
      HTTPResponse(headers: [("content-type", HTTPResponse.jsonType)], body: .bytes(text()))
    }
  }

  private static let openAPIOperation = Operation(
    id: "openAPI", summary: "This description (OpenAPI 3.1)", tag: "Operation",
    answers: [.json("The description.", #"{"type":"object"}"#)])
}
