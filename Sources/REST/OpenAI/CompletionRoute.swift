internal import JSON
internal import Messages
internal import Synchronization

extension Route {
  static let completions = Route(
    .post, "/v1/completions", dialect: .openAI,
    operation: Operation(
      id: "createCompletion", summary: "Continue prompts",
      description: "Parameters that this server does not support are refused by name.",
      tag: "OpenAI",
      request: .init(Operation.schema("CompletionRequest")),
      answers: [
        Operation.Answer(
          200, "The completions, or their chunks as events.",
          [
            (HTTPResponse.jsonType, Operation.schema("Completion")),
            ("text/event-stream", Operation.schema("Event")),
          ])
      ])
  ) { request, gateway in
    let completion = try CompletionRequest(request.object(), choiceLimit: request.limits.choices)
    let choices = try await Choices(completion.calls, gateway)
    var envelope = Envelope(
      id: "cmpl-\(request.id)", object: "text_completion", model: choices.model)
    guard completion.streams else {
      return CompletionAnswer.whole(completion, try await choices.texts(), envelope)
    }
    envelope.hasUsage = completion.includesUsage
    let chunks = envelope
    return .events { writer in
      try await writer.sendErrors(.openAI, request.id) {
        try await CompletionAnswer.stream(completion, choices, chunks, to: writer)
      }
    }
  }
}

/// How the answers of completions are written.
private enum CompletionAnswer {
  static func whole(
    _ request: CompletionRequest, _ texts: [GeneratedText], _ envelope: Envelope
  ) -> HTTPResponse {
    let usage = UsageSum(choices: request.choicesPerPrompt)
    for (index, text) in texts.enumerated() { usage.add(text.end.usage, choice: index) }
    return .json { json in
      envelope.write(to: &json, usage: usage.total) { json in
        for (index, text) in texts.enumerated() {
          let echo = request.echoes ? request.calls[index].prompt : ""
          var offset = echo.unicodeScalars.count
          write(
            echo + text.text, index, text.tokens, &offset, text.end.finishReason.name,
            to: &json)
        }
      }
    }
  }

  static func stream(
    _ request: CompletionRequest, _ choices: Choices, _ envelope: Envelope, to writer: BodyWriter
  ) async throws {
    let usage = UsageSum(choices: request.choicesPerPrompt)
    let echoes = request.calls.map { request.echoes ? $0.prompt : "" }
    for (index, echo) in echoes.enumerated() where !echo.isEmpty {
      try await writer.sendEvent(chunk(envelope, echo, index, [], nil).json)
    }
    let offsets = TextOffsets(echoes.map(\.unicodeScalars.count))
    try await choices.forEachMessage { index, message in
      let isLast = message.finishReason != .unspecified
      if isLast { usage.add(message.usage, choice: index) }
      guard isLast || !message.text.isEmpty || message.probability != nil else { return }
      let written = chunk(
        envelope, message.text, index, isLast ? [] : [message],
        isLast ? message.finishReason.name : nil, offset: offsets[index])
      offsets[index] = written.offset
      try await writer.sendEvent(written.json)
    }
    if envelope.hasUsage {
      var json = JSONWriter()
      envelope.write(to: &json, usage: usage.total) { _ in }
      try await writer.sendEvent(json)
    }
    try await writer.sendDone()
  }

  private static func chunk(
    _ envelope: Envelope, _ text: String, _ index: Int, _ tokens: [ApusV1.StreamPredictResponse],
    _ reason: String?, offset: Int = 0
  ) -> (json: JSONWriter, offset: Int) {
    var json = JSONWriter()
    var offset = offset
    envelope.write(to: &json) { json in write(text, index, tokens, &offset, reason, to: &json) }
    return (json, offset)
  }

  private static func write(
    _ text: String, _ index: Int, _ tokens: [ApusV1.StreamPredictResponse], _ offset: inout Int,
    _ reason: String?, to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("text", text)
      json.member("index", index)
      json.key("logprobs")
      writeLogprobs(tokens, &offset, to: &json)
      json.member("finish_reason", reason)
    }
  }

  /// Null unless they were asked for.
  private static func writeLogprobs(
    _ tokens: [ApusV1.StreamPredictResponse], _ offset: inout Int, to json: inout JSONWriter
  ) {
    guard tokens.contains(where: { $0.probability != nil }) else { return json.null() }
    var offsets: [Int] = []
    for token in tokens {
      offsets.append(offset)
      offset += token.tokenText.unicodeScalars.count
    }
    json.object { json in
      json.member("tokens", tokens.map(\.tokenText))
      json.key("token_logprobs")
      json.array(tokens) { json, token in json.number(token.logprob) }
      json.key("top_logprobs")
      json.array(tokens) { json, token in
        json.object { json in
          var seen: Set<String> = []
          for top in token.probability?.top ?? [] where seen.insert(top.text).inserted {
            json.member(top.text, max(top.logprob, -9999))
          }
        }
      }
      json.key("text_offset")
      json.array(offsets) { json, offset in json.integer(offset) }
    }
  }
}

/// Where the next token of each choice begins, in characters.
private final class TextOffsets: Sendable {
  private let offsets: Mutex<[Int]>
  init(_ offsets: [Int]) { self.offsets = Mutex(offsets) }
  subscript(_ choice: Int) -> Int {
    get { offsets.withLock { $0[choice] } }
    set { offsets.withLock { $0[choice] = newValue } }
  }
}
