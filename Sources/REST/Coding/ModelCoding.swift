internal import JSON
internal import Messages

extension ApusV1.ModelInfo {
  /// One object that has both what OpenAI's clients look for (`id`, `object`, `created`,
  /// `owned_by`) and what there is to know of a model here.
  func write(to json: inout JSONWriter) {
    let ready = versions.first { $0.state == .ready }
    json.object { json in
      json.member("id", name)
      json.member("object", "model")
      json.member("created", Int(ready?.readySince ?? 0))
      json.member("owned_by", "apus")
      json.member("name", name)
      json.member("description", description)
      if !error.isEmpty { json.member("error", error) }
      json.member("state", (ready ?? versions.first)?.state.name ?? "unknown")
      json.member("task", (ready ?? versions.first)?.task.name)
      json.member("model_version", ready?.version)
      json.key("versions")
      json.array(versions) { json, version in version.write(to: &json) }
      json.key("labels")
      json.array(labels) { json, label in
        json.object { json in
          json.member("label", label.label)
          json.member("model_version", label.version)
          json.member("share", label.share)
        }
      }
      json.member("source", source)
      if !sourceError.isEmpty { json.member("source_error", sourceError) }
      json.key("events")
      json.array(events) { json, event in
        json.object { json in
          json.time("time", event.time)
          json.member("event", event.event)
          if !event.version.isEmpty { json.member("model_version", event.version) }
          if !event.detail.isEmpty { json.member("detail", event.detail) }
        }
      }
    }
  }
}

extension ApusV1.ModelVersion {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("model_version", version)
      json.member("state", state.name)
      if !error.isEmpty { json.member("error", error) }
      json.member("task", task.name)
      json.member("architecture", architecture)
      json.member("quantization", quantization)
      json.member("parameters", parameters)
      json.member("memory_bytes", memoryBytes)
      json.member("max_tokens", maxTokens)
      json.member("max_instances", maxInstances)
      json.member("embedding_size", embeddingSize)
      json.member("labels", labels)
      json.member("context_length", contextLength)
      json.member("trained_context_length", trainedContextLength)
      json.member("normalized", normalized)
      json.member("vocabulary_size", vocabularySize)
      json.key("inputs")
      json.array(inputs) { json, tensor in tensor.write(to: &json) }
      json.key("outputs")
      json.array(outputs) { json, tensor in tensor.write(to: &json) }
      json.time("ready_since", readySince)
      deprecation?.writeMember(to: &json)
      breaker?.writeMember(to: &json)
    }
  }
}

extension ApusV1.TensorInfo {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("data_type", dataType.name)
      json.key("shape")
      json.array(shape) { json, size in json.integer(size) }
    }
  }
}

extension ApusV1.Deprecation {
  fileprivate func writeMember(to json: inout JSONWriter) {
    json.key("deprecation")
    json.object { json in
      json.time("deprecated_at", deprecatedAt)
      json.time("sunset_at", sunsetAt)
      if !link.isEmpty { json.member("link", link) }
      if !successor.isEmpty { json.member("successor", successor) }
      json.member("gone", gone)
    }
  }
}

extension ApusV1.Breaker {
  fileprivate func writeMember(to json: inout JSONWriter) {
    json.key("breaker")
    json.object { json in
      json.member("state", state.name)
      json.member("failure_rate", failureRate)
    }
  }
}

extension ApusV1.Breaker.State {
  fileprivate var name: String {
    switch self {
    case .closed: "closed"
    case .open: "open"
    case .halfOpen: "half_open"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}

extension ApusV1.State {
  var name: String {
    switch self {
    case .loading: "loading"
    case .ready: "ready"
    case .failed: "failed"
    case .unloading: "unloading"
    case .unloaded: "unloaded"
    case .fetching: "fetching"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}

extension ApusV1.Task {
  /// Nil while the model has not been read.
  var name: String? {
    switch self {
    case .embedding: "embedding"
    case .classification: "classification"
    case .regression: "regression"
    case .tensors: "tensors"
    case .generation: "generation"
    case .unspecified, .unrecognized: nil
    }
  }
}

extension JSONWriter {
  /// A time given in seconds since 1970, 0 meaning none: RFC 3339, or null.
  mutating func time(_ key: String, _ seconds: Double) {
    member(key, seconds == 0 ? nil : RFC3339.text(seconds))
  }
}
