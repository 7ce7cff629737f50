internal import Messages
internal import Tokenizers

/// Checks of what callers send. Every error names the field, what came and what is allowed.
enum Validation {
  static func invalid(_ field: String, _ reason: String) -> Status {
    Status(.invalidArgument, "\(field): \(reason)")
  }

  static func checkInstances(_ instances: [ApusV1.Instance], _ model: ServedModel)
    throws(Status)
  {
    let allowed = 1...model.facts.maximumInstances
    guard allowed.contains(instances.count) else {
      throw invalid(
        "instances", "expected 1 to \(allowed.upperBound) for \(model.name), got \(instances.count)")
    }
  }

  /// The text of every instance.
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
      guard row.names.isEmpty else {
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

/// The texts of a request as token ids.
struct TokenizedTexts {
  private(set) var ids: [[Int32]] = []
  /// All together.
  private(set) var tokens = 0

  /// By how many tokens a tokenizer's own limit is above its model's.
  static let overshoot = 1

  init(_ request: ApusV1.PredictRequest, _ model: ServedModel, _ tokenizer: any Tokenizer)
    throws(Status)
  {
    let truncates = request.options?.truncate ?? true
    ids.reserveCapacity(request.instances.count)
    for (index, instance) in request.instances.enumerated() {
      let text = try Validation.text(instance, at: index, model)
      do throws(TokenizerError) {
        ids.append(try tokenizer.encode(text))
      } catch {
        throw Validation.invalid("instances[\(index)].text", error.reason)
      }
      try cut(&ids[index], to: model.facts.maximumTokens, truncates: truncates, index)
      tokens += ids[index].count
    }
  }

  /// The tokenizer stops one token past the model's limit, so that a text too long shows; the last
  /// token is the one that ends every text and stays.
  private func cut(_ ids: inout [Int32], to limit: Int, truncates: Bool, _ index: Int)
    throws(Status)
  {
    guard ids.count > limit else { return }
    guard truncates else {
      throw Validation.invalid(
        "instances[\(index)].text",
        "the text has more than \(limit) tokens; shorten it or allow options.truncate")
    }
    ids.removeSubrange(limit - 1..<ids.count - 1)
  }
}
