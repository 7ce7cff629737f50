internal import Bytes
internal import Messages
internal import Templates

/// Checks of what callers send. Every error names the field, what came and what is allowed.
enum Validation {
  static func invalid(_ field: String, _ reason: String) -> Status {
    Status(.invalidArgument, "\(field): \(reason)")
  }

  static func check(_ request: ApusV1.PredictRequest, _ model: ServedModel) throws(Status) {
    try checkInstances(request.instances, model)
    try checkOptions(request.options, model)
  }

  static func checkInstances(_ instances: [ApusV1.Instance], _ model: ServedModel)
    throws(Status)
  {
    let allowed = 1...model.facts.maximumInstances
    guard allowed.contains(instances.count) else {
      throw invalid(
        "instances", "expected 1 to \(allowed.upperBound) for \(model.name), got \(instances.count)"
      )
    }
  }

  /// Options that the model has no use for are refused, not ignored: a caller who sends one counts
  /// on it.
  static func checkOptions(_ options: ApusV1.PredictOptions?, _ model: ServedModel) throws(Status) {
    guard let options else { return }
    if let key = options.parameters.keys.min() {
      throw invalid(
        "options.parameters", "model \(model.name) has no option `\(shown(key))`; it has none")
    }
    if options.normalize != nil, model.facts.task != .embedding {
      throw invalid(
        "options.normalize", "model \(model.name) answers with no embedding; leave it out")
    }
    if options.topK ?? 0 > 0, model.facts.task != .classification {
      throw invalid("options.top_k", "model \(model.name) answers with no labels; leave it out")
    }
    if options.truncate != nil, model.facts.maximumTokens == 0 {
      throw invalid("options.truncate", "model \(model.name) takes no text; leave it out")
    }
  }

  static let maximumMessages = 1000
  private static let roles = ["system", "user", "assistant"]

  /// A conversation that is there, with roles that exist, and with no prompt beside it.
  static func messages(
    of request: ApusV1.StreamPredictRequest
  ) throws(Status) -> [ChatTemplate.Message] {
    guard request.prompt.isEmpty else {
      throw invalid("messages", "there is a prompt too; give one of the two")
    }
    guard (1...maximumMessages).contains(request.messages.count) else {
      throw invalid(
        "messages", "expected 1 to \(maximumMessages), got \(request.messages.count)")
    }
    var messages: [ChatTemplate.Message] = []
    for (index, message) in request.messages.enumerated() {
      guard roles.contains(message.role) else {
        throw invalid(
          "messages[\(index)].role",
          "expected \(roles.joined(separator: ", ")), got `\(shown(message.role))`")
      }
      messages.append(ChatTemplate.Message(role: message.role, content: message.content))
    }
    return messages
  }

  /// Outside text as it may stand in an error: short.
  static func shown(_ text: String) -> String { VisibleText.shortened(text, bytes: 64) }

  /// The text of an instance.
  static func text(_ instance: ApusV1.Instance, at index: Int, _ model: ServedModel)
    throws(Status) -> String
  {
    guard case .text(let text) = instance.kind else {
      throw invalid(
        "instances[\(index)]", "model \(model.name) takes a text, got \(kind(of: instance))")
    }
    return text
  }

  /// The feature rows, each of exactly `width` finite values.
  static func rows(_ instances: [ApusV1.Instance], width: Int) throws(Status) -> [[Float]] {
    var rows: [[Float]] = []
    rows.reserveCapacity(instances.count)
    for (index, instance) in instances.enumerated() {
      guard case .features(let row) = instance.kind else {
        throw invalid("instances[\(index)]", "expected a feature row, got \(kind(of: instance))")
      }
      guard row.values.count == width else {
        throw invalid(
          "instances[\(index)].features", "expected \(width) values, got \(row.values.count)")
      }
      guard row.names.isEmpty, row.texts.isEmpty else {
        throw invalid("instances[\(index)].features.names", "this model's features have no names")
      }
      if let place = row.values.firstIndex(where: { !$0.isFinite }) {
        throw invalid(
          "instances[\(index)].features.values[\(place)]",
          "expected a finite number, got \(row.values[place])")
      }
      rows.append(row.values)
    }
    return rows
  }

  static func kind(of instance: ApusV1.Instance) -> String {
    switch instance.kind {
    case .text: "a text"
    case .features: "a feature row"
    case .image: "an image"
    case .tensors: "tensors"
    case nil: "nothing"
    }
  }
}
