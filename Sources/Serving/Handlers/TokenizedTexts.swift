internal import Messages
internal import Tokenizers

/// The texts of a request as token ids.
struct TokenizedTexts: Sendable {
  private(set) var ids: [[Int32]] = []
  /// All together.
  private(set) var tokens = 0

  /// By how many tokens a tokenizer's own limit is above its model's.
  static let overshoot = 1

  /// Encodes short texts here and now, and long ones on a thread that is made for them.
  static func encoding(
    _ request: ApusV1.PredictRequest, _ model: ServedModel, _ tokenizer: any Tokenizer,
    long: SideThread
  ) async throws -> TokenizedTexts {
    let bytes = request.instances.reduce(0) { sum, instance in
      if case .text(let text) = instance.kind { sum + text.utf8.count } else { sum }
    }
    guard bytes > tokenizer.shortBytes else {
      return try TokenizedTexts(request, model, tokenizer)
    }
    return try await long.run { cancellation in
      try TokenizedTexts(request, model, tokenizer) { !cancellation.isRequested }
    }
  }

  private init(
    _ request: ApusV1.PredictRequest, _ model: ServedModel, _ tokenizer: any Tokenizer,
    while isWanted: () -> Bool = { true }
  ) throws(Status) {
    let truncates = request.options?.truncate ?? true
    ids.reserveCapacity(request.instances.count)
    for (index, instance) in request.instances.enumerated() {
      guard isWanted() else { throw Status(.cancelled, "the texts are not wanted any more") }
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
        "the text has more than \(limit) tokens; shorten it or allow `truncate`")
    }
    ids.removeSubrange(limit - 1..<ids.count - 1)
  }
}
