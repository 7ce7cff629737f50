internal import JSON
internal import Messages

extension ApusV1.PredictRequest {
  /// Reads the body of `POST /v1/predict`.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(["model", "model_version", "inputs", "options", "request_id"])
    model = try fields.requiredString("model")
    version = try fields.version() ?? ""
    requestID = try fields.string("request_id") ?? ""
    guard let elements = try fields.array("inputs") else {
      throw fields.error("inputs", "is missing; expected an array")
    }
    instances.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      instances.append(
        try ApusV1.Instance(element, at: fields.place("inputs[\(index)]")))
    }
    options = try fields.object("options").map { (fields) throws(FieldError) in
      try ApusV1.PredictOptions(fields)
    }
  }
}

extension Fields {
  /// `model_version`: a number is written as people write numbers, or as a string, which labels
  /// are.
  func version() throws(FieldError) -> String? {
    guard let member = member("model_version") else { return nil }
    if let number = Fields.integer(member), number >= 0 { return String(number) }
    guard let text = member.string else {
      throw unexpected("model_version", member, "a version or a label")
    }
    return text
  }
}

extension ApusV1.PredictOptions {
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(
      ["top_k", "normalize", "truncate", "queue_timeout_ms", "parameters", "no_cache"])
    let words = 0...Int(UInt32.max)
    topK = try fields.integer("top_k", in: words).map { UInt32($0) }
    normalize = try fields.boolean("normalize")
    truncate = try fields.boolean("truncate")
    queueTimeoutMs = UInt32(try fields.integer("queue_timeout_ms", in: words) ?? 0)
    noCache = try fields.boolean("no_cache") ?? false
    guard let named = try fields.object("parameters") else { return }
    var parameters: [String: String] = [:]
    try named.value.forEachMember { (key, value) throws(FieldError) in
      let name = Fields.text(key)
      guard let text = value.string else {
        throw named.unexpected(String(name.prefix(100)), value, "a string")
      }
      parameters[name] = text
    }
    self.parameters = parameters
  }
}

// MARK: - Answers

extension ApusV1.PredictResponse {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.key("predictions")
      json.array(predictions) { json, prediction in prediction.write(to: &json) }
      json.member("model", model)
      json.member("model_version", version)
      json.member("request_id", requestID)
      json.member("latency_ms", latencyMs)
      if let timing {
        json.key("timing")
        timing.write(to: &json)
      }
      if let usage {
        json.key("usage")
        usage.write(to: &json)
      }
      json.member("cached", cached)
      fallback?.writeMember(to: &json)
    }
  }
}

extension ApusV1.Prediction {
  /// One object, whose members say what kind of prediction it is.
  func write(to json: inout JSONWriter) {
    json.object { json in
      switch kind {
      case .classification(let classification):
        // The likeliest stands alone too: most callers want nothing else.
        if let first = classification.labels.first {
          json.member("label", first.label)
          json.member("score", first.score)
        }
        json.key("labels")
        json.array(classification.labels) { json, label in
          json.object { json in
            json.member("label", label.label)
            json.member("index", label.index)
            json.member("score", label.score)
          }
        }
      case .embedding(let embedding):
        json.key("embedding")
        json.array(embedding.values) { json, value in json.number(value) }
      case .values(let values):
        json.key("values")
        json.array(values.values) { json, value in json.number(value) }
      case .tensors(let tensors):
        json.key("tensors")
        tensors.write(to: &json)
      case .text(let text): json.member("text", text)
      case nil: break
      }
    }
  }
}

extension ApusV1.Timing {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("queue_ms", queueMs)
      json.member("compute_ms", computeMs)
      json.member("prepare_ms", prepareMs)
      json.member("batch_size", batchSize)
    }
  }
}

extension ApusV1.Usage {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("prompt_tokens", promptTokens)
      json.member("completion_tokens", completionTokens)
      json.member("total_tokens", totalTokens)
    }
  }
}

extension ApusV1.Fallback {
  func writeMember(to json: inout JSONWriter) {
    json.key("fallback")
    json.object { json in
      json.member("kind", name)
      json.member("model", model)
      json.member("model_version", version)
      json.member("reason", reason)
    }
  }

  private var name: String {
    switch kind {
    case .previousVersion: "previous_version"
    case .otherModel: "other_model"
    case .staticAnswer: "static_answer"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}
