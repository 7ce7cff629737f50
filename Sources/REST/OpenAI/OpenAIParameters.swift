internal import JSON
internal import Messages

/// Parameters of OpenAI's requests that mean the same for all of them
/// (https://platform.openai.com/docs/api-reference).
///
/// What this server does not do is refused by name, unless the value asks for nothing: an answer
/// that silently leaves out what was asked for would be a wrong one.
enum OpenAIParameters {
  /// Change nothing of an answer.
  static let harmless = [
    "user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention", "parallel_tool_calls",
  ]
  /// How tokens are drawn; the last three are other servers' additions.
  static let sampling = [
    "temperature", "top_p", "max_tokens", "seed", "stop", "n", "stream", "stream_options",
    "top_k", "min_p", "repetition_penalty",
  ]
  /// Refused unless neutral.
  static let unsupported = [
    "presence_penalty", "frequency_penalty", "logit_bias", "tools", "tool_choice", "functions",
    "function_call", "response_format", "modalities", "audio", "prediction", "reasoning_effort",
    "verbosity", "web_search_options", "suffix", "best_of",
  ]

  static func refuseUnsupported(_ fields: Fields) throws(FieldError) {
    for name in unsupported {
      guard let member = fields.member(name), !isNeutral(member, name) else { continue }
      throw fields.error(name, "this server does not support it; leave it out")
    }
  }

  private static func isNeutral(_ value: JSONValue, _ name: String) -> Bool {
    switch name {
    case "best_of": value.integer == 1
    case "tool_choice", "function_call": value.string == "none" || value.string == "auto"
    case "response_format": value["type"]?.string == "text"
    case "modalities": value.count == 1 && value.elements?.first?.string == "text"
    default:
      switch value.kind {
      case .integer, .real: value.number == 0
      case .array, .object: value.count == 0
      case .string: value.string == ""
      default: false
      }
    }
  }

  /// `n`, 1 unless given.
  static func choices(_ fields: Fields, limit: Int) throws(FieldError) -> Int {
    try fields.integer("n", in: 1...limit) ?? 1
  }

  /// Whether usage is to be sent at a stream's end.
  static func includesUsage(_ fields: Fields) throws(FieldError) -> Bool {
    guard let options = try fields.object("stream_options") else { return false }
    try options.allowOnly(["include_usage", "include_obfuscation"])
    return try options.boolean("include_usage") ?? false
  }
}

extension ApusV1.SamplingOptions {
  /// Reads sampling parameters with OpenAI's defaults, which are not the contract's: an absent
  /// temperature is 1 there.
  init(openAI fields: Fields) throws(FieldError) {
    self.init()
    temperature = Float(try fields.number("temperature", in: 0...2) ?? 1)
    // 0 is allowed there and means the likeliest token; the contract begins just above it.
    topP = try fields.number("top_p", in: 0...1).map { max(Float($0), 0.000001) }
    let older = try fields.integer("max_tokens", in: 1...Int(UInt32.max))
    let newer = try fields.integer("max_completion_tokens", in: 1...Int(UInt32.max))
    maxTokens = (newer ?? older).map { UInt32($0) }
    topK = try fields.integer("top_k", in: 0...1_000_000).map { UInt32($0) }
    minP = try fields.number("min_p", in: 0...1).map { Float($0) }
    repetitionPenalty = try fields.number("repetition_penalty", in: 0.1...10).map { Float($0) }
    seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
    stop = try fields.stops()
  }

  /// The options of one choice among several: the same seed would give the same text again.
  func choice(_ index: Int) -> ApusV1.SamplingOptions {
    var options = self
    options.seed = seed.map { $0 &+ UInt64(index) }
    return options
  }
}

extension ApusV1.StreamPredictResponse {
  /// The token's own text: what was sent with it may be empty, or that of several.
  var tokenText: String {
    probability?.top.first { $0.tokenID == tokenID }?.text ?? text
  }

  /// The logarithm of its probability, as OpenAI writes those that are practically none.
  var logprob: Float { max(probability?.logprob ?? 0, -9999) }
}
