internal import JSON
internal import Messages

extension Route {
  static let chatCompletions = Route(
    .post, "/v1/chat/completions", dialect: .openAI,
    operation: Operation(
      id: "createChatCompletion", summary: "Go on with a conversation",
      description: "Parameters that this server does not support are refused by name.",
      tag: "OpenAI",
      request: .init(Operation.schema("ChatCompletionRequest")),
      answers: [
        Operation.Answer(
          200, "The completion, or its chunks as events.",
          [
            (HTTPResponse.jsonType, Operation.schema("Completion")),
            ("text/event-stream", Operation.schema("Event")),
          ])
      ])
  ) { request, gateway in
    let chat = try ChatRequest(request.object(), choiceLimit: request.limits.choices)
    let choices = try await Choices(chat.calls, gateway)
    var envelope = Envelope(
      id: "chatcmpl-\(request.id)",
      object: chat.streams ? "chat.completion.chunk" : "chat.completion", model: choices.model)
    guard chat.streams else {
      return ChatAnswer.whole(try await choices.texts(), envelope)
    }
    envelope.hasUsage = chat.includesUsage
    let chunks = envelope
    return .events { writer in
      try await writer.sendErrors(.openAI, request.id) {
        try await ChatAnswer.stream(choices, chunks, to: writer)
      }
    }
  }
}

/// How the answers of chat completions are written.
private enum ChatAnswer {
  static func whole(_ texts: [GeneratedText], _ envelope: Envelope) -> HTTPResponse {
    let usage = UsageSum(choices: texts.count)
    for (index, text) in texts.enumerated() { usage.add(text.end.usage, choice: index) }
    return .json { json in
      envelope.write(to: &json, usage: usage.total) { json in
        for (index, text) in texts.enumerated() { write(text, index, to: &json) }
      }
    }
  }

  private static func write(_ text: GeneratedText, _ index: Int, to json: inout JSONWriter) {
    json.object { json in
      json.member("index", index)
      json.key("message")
      json.object { json in
        json.member("role", "assistant")
        json.member("content", text.text)
        json.key("refusal")
        json.null()
      }
      json.key("logprobs")
      writeLogprobs(text.tokens, to: &json)
      json.member("finish_reason", text.end.finishReason.name)
    }
  }

  static func stream(_ choices: Choices, _ envelope: Envelope, to writer: BodyWriter) async throws {
    let usage = UsageSum(choices: choices.streams.count)
    for index in choices.streams.indices {
      try await writer.send(envelope, index) { json in
        json.member("role", "assistant")
        json.member("content", "")
      }
    }
    try await choices.forEachMessage { index, message in
      let isLast = message.finishReason != .unspecified
      if !message.text.isEmpty || message.probability != nil {
        let tokens = isLast ? [] : [message]
        try await writer.send(envelope, index, tokens) { $0.member("content", message.text) }
      }
      guard isLast else { return }
      usage.add(message.usage, choice: index)
      try await writer.send(envelope, index, ending: message.finishReason.name) { _ in }
    }
    if envelope.hasUsage {
      var json = JSONWriter()
      envelope.write(to: &json, usage: usage.total) { _ in }
      try await writer.sendEvent(json)
    }
    try await writer.sendDone()
  }

  /// Null unless they were asked for.
  fileprivate static func writeLogprobs(
    _ tokens: [ApusV1.StreamPredictResponse], to json: inout JSONWriter
  ) {
    guard tokens.contains(where: { $0.probability != nil }) else { return json.null() }
    json.object { json in
      json.key("content")
      json.array(tokens) { json, token in
        json.object { json in
          write(token.tokenText, token.logprob, to: &json)
          json.key("top_logprobs")
          json.array(token.probability?.top ?? []) { json, top in
            json.object { json in write(top.text, max(top.logprob, -9999), to: &json) }
          }
        }
      }
      json.key("refusal")
      json.null()
    }
  }

  private static func write(_ text: String, _ logprob: Float, to json: inout JSONWriter) {
    json.member("token", text)
    json.member("logprob", logprob)
    json.key("bytes")
    json.array(text.utf8) { json, byte in json.integer(byte) }
  }
}

extension BodyWriter {
  /// One chunk about one choice.
  fileprivate func send(
    _ envelope: Envelope, _ index: Int, _ tokens: [ApusV1.StreamPredictResponse] = [],
    ending reason: String? = nil, _ writeDelta: (inout JSONWriter) -> Void
  ) async throws {
    var json = JSONWriter()
    envelope.write(to: &json) { json in
      json.object { json in
        json.member("index", index)
        json.key("delta")
        json.object(writeDelta)
        json.key("logprobs")
        ChatAnswer.writeLogprobs(tokens, to: &json)
        json.member("finish_reason", reason)
      }
    }
    try await sendEvent(json)
  }
}
