internal import JSON
internal import Messages

extension Route {
  static let generate = Route(
    .post, "/v1/generate",
    operation: Operation(
      id: "generate", summary: "Continue a prompt or a conversation",
      description: """
        With `"stream": true`, or when events are accepted, every token comes as an event of its \
        own; the last one has a `finish_reason`. A failure after the first token is an event with \
        an `error`.
        """,
      tag: "Inference", request: .init(Operation.schema("GenerateRequest")),
      answers: [
        Operation.Answer(
          200, "The whole text, or its tokens one by one.",
          [
            (HTTPResponse.jsonType, Operation.schema("GenerateResponse")),
            ("text/event-stream", Operation.schema("GenerateEvent")),
          ])
      ])
  ) { request, gateway in
    let fields = try request.object()
    let call = try ApusV1.StreamPredictRequest(fields, allowing: ["stream"])
    let streams = try fields.boolean("stream") ?? request.acceptsEvents
    let tokens = TokenStream(try await gateway.inference.streamPredict(call))
    guard streams else {
      let text = try await GeneratedText(tokens)
      return .json { text.write(to: &$0) }
    }
    // What goes wrong before the first token is an error of the request, not of the stream.
    try await tokens.begin()
    return .events { writer in
      try await writer.sendErrors(.own, request.id) {
        while let message = try await tokens.next() {
          var json = JSONWriter()
          message.writeEvent(to: &json)
          try await writer.sendEvent(json)
        }
      }
    }
  }
}

extension GeneratedText {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("text", text)
      json.member("finish_reason", end.finishReason.name)
      end.writeEnd(to: &json)
      guard tokens.contains(where: { $0.probability != nil }) else { return }
      json.key("tokens")
      json.array(tokens) { json, token in token.writeEvent(to: &json) }
    }
  }
}

extension BodyWriter {
  /// Runs `body`, and tells the client what it throws as one last event: the status is sent
  /// already.
  func sendErrors(
    _ dialect: ErrorDialect, _ requestID: String, _ body: () async throws -> Void
  ) async throws {
    do { try await body() } catch {
      var json = JSONWriter()
      dialect.write(HTTPError(error), requestID: requestID, to: &json)
      try await sendEvent(json)
    }
  }
}
