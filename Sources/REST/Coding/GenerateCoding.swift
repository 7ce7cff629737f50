internal import JSON
internal import Messages

extension ApusV1.StreamPredictRequest {
  /// Reads the body of `POST /v1/generate`, except `stream`.
  init(_ fields: Fields, allowing others: [String] = []) throws(FieldError) {
    self.init()
    try fields.allowOnly(
      ["model", "model_version", "prompt", "messages", "options", "request_id"] + others)
    model = try fields.requiredString("model")
    version = try fields.version() ?? ""
    requestID = try fields.string("request_id") ?? ""
    prompt = try fields.string("prompt") ?? ""
    let turns = try fields.array("messages")
    guard (turns != nil) != (fields.member("prompt") != nil) else {
      throw fields.error(
        turns == nil ? "prompt" : "messages", "expected either prompt or messages")
    }
    for index in 0..<(turns?.count ?? 0) {
      guard let element = turns?[index] else { break }
      let turn = try Fields(element, at: fields.place("messages[\(index)]"))
      try turn.allowOnly(["role", "content"])
      messages.append(
        ApusV1.ChatMessage(
          role: try turn.requiredString("role"), content: try turn.string("content") ?? ""))
    }
    sampling = try fields.object("options").map { (fields) throws(FieldError) in
      try ApusV1.SamplingOptions(fields)
    }
  }
}

extension ApusV1.SamplingOptions {
  /// Reads `options` of `POST /v1/generate`, in the ranges of the contract.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly([
      "max_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed", "stop",
      "logprobs",
    ])
    maxTokens = try fields.integer("max_tokens", in: 1...Int(UInt32.max)).map { UInt32($0) }
    topK = try fields.integer("top_k", in: 0...1_000_000).map { UInt32($0) }
    logprobs = try fields.integer("logprobs", in: 0...20).map { UInt32($0) }
    temperature = try fields.number("temperature", in: 0...10).map { Float($0) }
    topP = try fields.number("top_p", in: 0.000001...1).map { Float($0) }
    minP = try fields.number("min_p", in: 0...1).map { Float($0) }
    repetitionPenalty = try fields.number("repetition_penalty", in: 0.1...10).map { Float($0) }
    seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
    stop = try fields.stops()
  }
}

extension Fields {
  /// `stop`: a string, or up to 16 of them.
  func stops() throws(FieldError) -> [String] {
    guard let member = member("stop") else { return [] }
    var stops: [String] = []
    if let text = member.string { stops = [text] } else { stops = try strings("stop") ?? [] }
    guard stops.count <= 16, stops.allSatisfy({ (1...256).contains($0.utf8.count) }) else {
      throw error("stop", "expected up to 16 strings of 1 to 256 bytes")
    }
    return stops
  }
}

// MARK: - Answers

extension ApusV1.FinishReason {
  var name: String? {
    switch self {
    case .stop: "stop"
    case .length: "length"
    case .unspecified, .unrecognized: nil
    }
  }
}

extension ApusV1.StreamPredictResponse {
  /// One event of a stream: a token, or the end with its reason.
  func writeEvent(to json: inout JSONWriter) {
    json.object { json in
      json.member("text", text)
      if finishReason == .unspecified {
        json.member("index", index)
        json.member("token_id", tokenID)
        if let probability {
          json.key("logprob")
          json.number(probability.logprob)
          json.key("top_logprobs")
          probability.writeTop(to: &json)
        }
      } else {
        json.member("finish_reason", finishReason.name)
        writeEnd(to: &json)
      }
    }
  }

  /// What only the last message of a stream has.
  func writeEnd(to json: inout JSONWriter) {
    json.member("model", model)
    json.member("model_version", version)
    json.member("request_id", requestID)
    if let usage {
      json.key("usage")
      usage.write(to: &json)
    }
    if let timing {
      json.key("timing")
      timing.write(to: &json)
    }
    fallback?.writeMember(to: &json)
  }
}

extension ApusV1.TokenProbability {
  func writeTop(to json: inout JSONWriter) {
    json.array(top) { json, token in
      json.object { json in
        json.member("text", token.text)
        json.member("token_id", token.tokenID)
        json.member("logprob", token.logprob)
      }
    }
  }
}

extension ApusV1.GenerationTiming {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("queue_ms", queueMs)
      json.member("time_to_first_token_ms", timeToFirstTokenMs)
      json.member("latency_ms", latencyMs)
      json.member("tokens_per_second", tokensPerSecond)
    }
  }
}
