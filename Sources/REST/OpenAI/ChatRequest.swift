internal import JSON
internal import Messages

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Sendable {
  /// One for each choice.
  let calls: [ApusV1.StreamPredictRequest]
  let streams: Bool
  let includesUsage: Bool

  init(_ fields: Fields, choiceLimit: Int) throws(FieldError) {
    try fields.allowOnly(
      ["model", "messages", "logprobs", "top_logprobs", "max_completion_tokens"]
        + OpenAIParameters.sampling + OpenAIParameters.harmless + OpenAIParameters.unsupported)
    try OpenAIParameters.refuseUnsupported(fields)
    var call = ApusV1.StreamPredictRequest()
    call.model = try fields.requiredString("model")
    call.messages = try Self.messages(fields)
    var sampling = try ApusV1.SamplingOptions(openAI: fields)
    let top = try fields.integer("top_logprobs", in: 0...20)
    if try fields.boolean("logprobs") ?? false {
      sampling.logprobs = UInt32(top ?? 0)
    } else if top != nil {
      throw fields.error("top_logprobs", "asks for logprobs: true beside it")
    }
    let choices = try OpenAIParameters.choices(fields, limit: choiceLimit)
    calls = (0..<choices).map { index in
      var call = call
      call.sampling = sampling.choice(index)
      return call
    }
    streams = try fields.boolean("stream") ?? false
    includesUsage = try OpenAIParameters.includesUsage(fields)
  }

  // MARK: Messages

  private static func messages(_ fields: Fields) throws(FieldError) -> [ApusV1.ChatMessage] {
    guard let elements = try fields.array("messages"), !elements.isEmpty else {
      throw fields.error("messages", "expected at least one message")
    }
    var messages: [ApusV1.ChatMessage] = []
    for (index, element) in elements.enumerated() {
      messages.append(try message(Fields(element, at: fields.place("messages[\(index)]"))))
    }
    return messages
  }

  private static func message(_ fields: Fields) throws(FieldError) -> ApusV1.ChatMessage {
    try fields.allowOnly(
      ["role", "content", "name", "refusal", "audio", "annotations", "tool_calls", "function_call"])
    let role = try fields.requiredString("role")
    // `developer` is what newer clients call the instructions of the system.
    let names = [
      "system": "system", "developer": "system", "user": "user", "assistant": "assistant",
    ]
    guard let name = names[role] else {
      throw fields.error("role", "expected system, developer, user or assistant")
    }
    for tool in ["tool_calls", "function_call"] {
      guard let member = fields.member(tool), member.count > 0 else { continue }
      throw fields.error(tool, "this server does not support tools")
    }
    return ApusV1.ChatMessage(role: name, content: try content(fields))
  }

  /// A string, or parts of type text, which are joined.
  private static func content(_ fields: Fields) throws(FieldError) -> String {
    guard let member = fields.member("content") else { return "" }
    if let text = member.string { return text }
    guard let parts = member.elements else {
      throw fields.unexpected("content", member, "a string or an array of parts")
    }
    var content = ""
    for (index, element) in parts.enumerated() {
      let part = try Fields(element, at: fields.place("content[\(index)]"))
      guard try part.requiredString("type") == "text" else {
        throw part.error("type", "only text is understood")
      }
      content += try part.string("text") ?? ""
    }
    return content
  }
}
