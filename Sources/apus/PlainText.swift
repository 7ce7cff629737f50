internal import Messages

/// Answers as a person at a terminal likes to read them.
enum PlainText {
  static func predict(_ answer: ApusV1.PredictResponse) -> String {
    var lines: [String] = []
    for (index, prediction) in answer.predictions.enumerated() {
      let number = answer.predictions.count > 1 ? "\(index): " : ""
      lines.append(number + describe(prediction))
    }
    let timing = answer.timing ?? ApusV1.Timing()
    lines.append(
      "(\(answer.model)/\(answer.version), \(fixed(answer.latencyMs, 2)) ms: "
        + "\(fixed(timing.computeMs, 2)) computing in a batch of \(timing.batchSize))")
    return lines.joined(separator: "\n")
  }

  private static func describe(_ prediction: ApusV1.Prediction) -> String {
    switch prediction.kind {
    case .embedding(let embedding): numbers(embedding.values)
    case .values(let values): numbers(values.values)
    case .classification(let classification):
      classification.labels.map { "\($0.label) \(fixed(Double($0.score), 4))" }
        .joined(separator: ", ")
    case .text(let text): text
    case .tensors(let named): "\(named.tensors.count) tensors; --json shows them"
    case nil: "nothing"
    }
  }

  private static func numbers(_ values: [Float]) -> String {
    let shown = values.prefix(6).map { fixed(Double($0), 4) }.joined(separator: ", ")
    return values.count <= 6 ? "[\(shown)]" : "[\(shown), …] (\(values.count) values)"
  }

  /// The last message of a generation: how it went.
  static func closing(_ last: ApusV1.StreamPredictResponse) -> String {
    let usage = last.usage ?? ApusV1.Usage()
    let timing = last.timing ?? ApusV1.GenerationTiming()
    let reason = last.finishReason == .length ? "length reached" : "end of text"
    return
      "(\(last.model)/\(last.version), \(usage.promptTokens) + \(usage.completionTokens) tokens, "
      + "first after \(fixed(timing.timeToFirstTokenMs, 1)) ms, then "
      + "\(fixed(timing.tokensPerSecond, 0)) a second; \(reason))"
  }

  static func models(_ models: [ApusV1.ModelInfo]) -> String {
    if models.isEmpty { return "no models are installed" }
    return models.map { model in
      let head = model.name + (model.description.isEmpty ? "" : ": \(model.description)")
      let versions =
        model.versions.isEmpty ? ["  failed, \(model.error)"] : model.versions.map(describe)
      let source = model.sourceError.isEmpty ? [] : ["  \(model.source): \(model.sourceError)"]
      return ([head] + versions + model.labels.map(describe) + source).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func describe(_ version: ApusV1.ModelVersion) -> String {
    var facts = ["\(version.state)"]
    if !version.error.isEmpty { facts.append(version.error) }
    if version.state == .ready {
      facts.append("\(version.task)")
      facts.append("\(version.architecture) \(version.quantization)")
      facts.append("\(millions(version.parameters)) parameters")
      facts.append("\(fixed(Double(version.memoryBytes) / 1_048_576, 1)) MiB")
      if version.embeddingSize > 0 { facts.append("\(version.embeddingSize) values") }
      if version.contextLength > 0 { facts.append(context(version)) }
      if version.contextLength == 0, version.maxTokens > 0 {
        facts.append("\(version.maxTokens) tokens")
      }
      if !version.labels.isEmpty {
        facts.append("labels " + shortened(version.labels))
      }
    }
    if let deprecation = version.deprecation { facts.append(describe(deprecation)) }
    return "  \(version.version)  " + facts.joined(separator: ", ")
  }

  /// The first of them, and how many more there are.
  private static func shortened(_ labels: [String]) -> String {
    let shown = labels.prefix(5).joined(separator: "/")
    return labels.count > 5 ? "\(shown)/… and \(labels.count - 5) more" : shown
  }

  private static func describe(_ deprecation: ApusV1.Deprecation) -> String {
    let isDated = deprecation.sunsetAt > 0 && deprecation.sunsetAt < 253_402_300_800
    guard isDated else { return "deprecated" }
    let sunset = time(deprecation.sunsetAt)
    return deprecation.gone ? "deprecated, refused since \(sunset)" : "deprecated, sunset \(sunset)"
  }

  private static func describe(_ label: ApusV1.VersionLabel) -> String {
    let share = label.share > 0 ? ", \(fixed(label.share * 100, 1)) % of the calls" : ""
    return "  \(label.label) is \(label.version)\(share)"
  }

  private static func context(_ version: ApusV1.ModelVersion) -> String {
    let isWhole = version.contextLength >= version.trainedContextLength
    return "context \(version.contextLength)"
      + (isWhole ? "" : " (of \(version.trainedContextLength) that it was made for)")
  }

  static func health(_ health: ApusV1.HealthResponse) -> String {
    let verdict = health.ready ? "ready" : health.live ? "live, not ready" : "stuck"
    var lines = [
      "\(verdict) (apus \(health.serverVersion), up \(fixed(health.uptimeSeconds, 0)) s)"
    ]
    for model in health.models {
      let error = model.error.isEmpty ? "" : ": \(model.error)"
      let version = model.version.isEmpty ? "" : "/\(model.version)"
      lines.append("  \(model.name)\(version) \(model.state)\(error)")
    }
    return lines.joined(separator: "\n")
  }

  static func millions(_ count: UInt64) -> String {
    count < 100_000 ? "\(count)" : "\(fixed(Double(count) / 1e6, 1)) M"
  }

  /// Without Foundation's formatting: a rounded decimal with `digits` after the point.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    guard abs(value) * Double(scale) < 1e15 else { return "\(value)" }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(scaled)" }
    let rest = String(scaled % scale + scale).dropFirst()
    return "\(sign)\(scaled / scale).\(rest)"
  }
}
