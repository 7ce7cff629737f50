internal import JSON
internal import Messages

/// Answers as JSON, for scripts: the names of the contract in its own spelling.
enum JSONText {
  static func predict(_ answer: ApusV1.PredictResponse) -> String {
    var json = JSONWriter(escapesInvisible: true)
    append(answer, to: &json)
    return json.text
  }

  static func append(_ answer: ApusV1.PredictResponse, to json: inout JSONWriter) {
    json.beginObject()
    json.key("predictions")
    json.beginArray()
    for prediction in answer.predictions { append(prediction, to: &json) }
    json.endArray()
    json.field("model", answer.model)
    json.field("version", answer.version)
    json.field("request_id", answer.requestID)
    json.field("latency_ms", answer.latencyMs)
    if let timing = answer.timing {
      json.key("timing")
      json.beginObject()
      json.field("queue_ms", timing.queueMs)
      json.field("compute_ms", timing.computeMs)
      json.field("prepare_ms", timing.prepareMs)
      json.field("batch_size", Int(timing.batchSize))
      json.endObject()
    }
    if let usage = answer.usage {
      json.key("usage")
      json.beginObject()
      json.field("prompt_tokens", Int(usage.promptTokens))
      json.field("total_tokens", Int(usage.totalTokens))
      json.endObject()
    }
    json.endObject()
  }

  private static func append(_ prediction: ApusV1.Prediction, to json: inout JSONWriter) {
    json.beginObject()
    switch prediction.kind {
    case .embedding(let embedding): json.field("embedding", embedding.values)
    case .values(let values): json.field("values", values.values)
    case .text(let text): json.field("text", text)
    case .classification(let classification):
      json.key("labels")
      json.beginArray()
      for label in classification.labels {
        json.beginObject()
        json.field("label", label.label)
        json.field("index", Int(label.index))
        json.field("score", Double(label.score))
        json.endObject()
      }
      json.endArray()
    case .tensors(let named):
      json.key("tensors")
      json.beginObject()
      for (name, tensor) in named.tensors.sorted(by: { $0.key < $1.key }) {
        json.key(name)
        append(tensor, to: &json)
      }
      json.endObject()
    case nil: break
    }
    json.endObject()
  }

  /// Its elements without its shape, row by row.
  private static func append(_ tensor: ApusV1.Tensor, to json: inout JSONWriter) {
    json.beginArray()
    for value in tensor.floats { json.number(value) }
    for value in tensor.doubles { json.number(value) }
    for value in tensor.ints { json.integer(value) }
    for value in tensor.longs { json.integer(value) }
    for value in tensor.uints { json.integer(value) }
    for value in tensor.ulongs { json.integer(value) }
    for value in tensor.byteStrings { json.string(String(decoding: value, as: UTF8.self)) }
    json.endArray()
  }

  static func models(_ models: [ApusV1.ModelInfo]) -> String {
    var json = JSONWriter(escapesInvisible: true)
    json.beginArray()
    for model in models {
      json.beginObject()
      json.field("name", model.name)
      json.field("description", model.description)
      if !model.error.isEmpty { json.field("error", model.error) }
      json.key("versions")
      json.beginArray()
      for version in model.versions { append(version, to: &json) }
      json.endArray()
      appendHistory(of: model, to: &json)
      json.endObject()
    }
    json.endArray()
    return json.text
  }

  /// Where a model comes from, what points at its versions, and what happened to it.
  private static func appendHistory(of model: ApusV1.ModelInfo, to json: inout JSONWriter) {
    json.key("labels")
    json.beginArray()
    for label in model.labels {
      json.beginObject()
      json.field("label", label.label)
      json.field("version", label.version)
      json.field("share", label.share)
      json.endObject()
    }
    json.endArray()
    json.field("source", model.source)
    if !model.sourceError.isEmpty { json.field("source_error", model.sourceError) }
    json.key("events")
    json.beginArray()
    for event in model.events {
      json.beginObject()
      json.field("time", event.time)
      json.field("event", event.event)
      json.field("version", event.version)
      json.field("detail", event.detail)
      json.endObject()
    }
    json.endArray()
  }

  private static func append(_ version: ApusV1.ModelVersion, to json: inout JSONWriter) {
    json.beginObject()
    json.field("version", version.version)
    json.field("state", version.state.contractName)
    if !version.error.isEmpty { json.field("error", version.error) }
    json.field("task", version.task.contractName)
    json.field("architecture", version.architecture)
    json.field("quantization", version.quantization)
    json.field("parameters", Int(clamping: version.parameters))
    json.field("memory_bytes", Int(clamping: version.memoryBytes))
    json.field("max_tokens", Int(version.maxTokens))
    json.field("max_instances", Int(version.maxInstances))
    json.field("embedding_size", Int(version.embeddingSize))
    json.key("normalized")
    json.boolean(version.normalized)
    json.field("context_length", Int(version.contextLength))
    json.field("trained_context_length", Int(version.trainedContextLength))
    json.field("vocabulary_size", Int(version.vocabularySize))
    json.key("labels")
    json.beginArray()
    for label in version.labels { json.string(label) }
    json.endArray()
    if let deprecation = version.deprecation {
      json.key("deprecation")
      json.beginObject()
      json.field("deprecated_at", deprecation.deprecatedAt)
      json.field("sunset_at", deprecation.sunsetAt)
      if !deprecation.link.isEmpty { json.field("link", deprecation.link) }
      if !deprecation.successor.isEmpty { json.field("successor", deprecation.successor) }
      json.field("gone", deprecation.gone)
      json.endObject()
    }
    json.endObject()
  }
}

extension JSONWriter {
  mutating func field(_ name: String, _ value: String) {
    key(name)
    string(value)
  }
  mutating func field(_ name: String, _ value: Int) {
    key(name)
    integer(value)
  }
  mutating func field(_ name: String, _ value: Double) {
    key(name)
    number(value)
  }
  mutating func field(_ name: String, _ values: [Float]) {
    key(name)
    beginArray()
    for value in values { number(Double(value)) }
    endArray()
  }
  mutating func field(_ name: String, _ value: Bool) {
    key(name)
    boolean(value)
  }
  mutating func field(_ name: String, _ values: [String]) {
    key(name)
    beginArray()
    for value in values { string(value) }
    endArray()
  }
}
