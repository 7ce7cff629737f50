internal import JSON
internal import Messages

/// The body of `POST /v1/completions`.
struct CompletionRequest: Sendable {
  /// `n` for each prompt, in order.
  let calls: [ApusV1.StreamPredictRequest]
  /// `n`.
  let choicesPerPrompt: Int
  let echoes: Bool
  let streams: Bool
  let includesUsage: Bool

  private static let names =
    ["model", "prompt", "logprobs", "echo"] + OpenAIParameters.sampling
    + OpenAIParameters.harmless + OpenAIParameters.unsupported

  init(_ fields: Fields, choiceLimit: Int) throws(FieldError) {
    try fields.allowOnly(Self.names)
    try OpenAIParameters.refuseUnsupported(fields)
    let model = try fields.requiredString("model")
    let prompts = try Self.prompts(fields)
    var sampling = try ApusV1.SamplingOptions(openAI: fields)
    // OpenAI's default here, other than for chat.
    sampling.maxTokens = sampling.maxTokens ?? 16
    sampling.logprobs = try fields.integer("logprobs", in: 0...20).map { UInt32($0) }
    let n = try OpenAIParameters.choices(fields, limit: choiceLimit)
    guard n * prompts.count <= choiceLimit else {
      throw fields.error(
        "prompt", "\(prompts.count) prompts with n = \(n): at most \(choiceLimit) choices "
          + "(\(HTTPLimit.choices.rawValue))")
    }
    choicesPerPrompt = n
    calls = prompts.flatMap { prompt in
      (0..<n).map { index in
        ApusV1.StreamPredictRequest(
          model: model, prompt: prompt, sampling: sampling.choice(index))
      }
    }
    echoes = try fields.boolean("echo") ?? false
    streams = try fields.boolean("stream") ?? false
    includesUsage = try OpenAIParameters.includesUsage(fields)
  }

  private static func prompts(_ fields: Fields) throws(FieldError) -> [String] {
    guard let member = fields.member("prompt") else {
      throw fields.error("prompt", "is missing; expected a string")
    }
    if let text = member.string { return [text] }
    guard let elements = member.elements, !elements.isEmpty else {
      throw fields.unexpected("prompt", member, "a string or an array of strings")
    }
    if elements[0].kind == .integer || elements[0].kind == .array {
      throw fields.error("prompt", "token ids are not understood; send text")
    }
    return try fields.strings("prompt") ?? []
  }
}
