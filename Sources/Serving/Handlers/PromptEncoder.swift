internal import Inference
internal import Messages
internal import Templates
internal import Tokenizers

/// Makes token ids of what a request wants continued: a prompt, or a conversation in the model's
/// own format. What is long is done away from the loop.
struct PromptEncoder: Sendable {
  let longTexts: SideThread

  /// So many steps of rendering take about a millisecond.
  private static let fewSteps = 5_000

  func ids(
    of request: ApusV1.StreamPredictRequest, _ model: ServedModel,
    _ sequences: ServedModel.SequenceModel
  ) async throws -> [Int32] {
    if request.messages.isEmpty {
      return try await encode(request.prompt, model, sequences.tokenizer)
    }
    let messages = try Validation.messages(of: request)
    guard case .format(let format) = sequences.chat else {
      guard case .none(let reason) = sequences.chat else { return [] }
      throw Validation.invalid("messages", "model \(model.name) takes none: \(reason)")
    }
    let bytes = messages.reduce(0) { $0 + $1.content.utf8.count }
    // Neither the messages nor the template tell what they cost together: that shows on the way.
    if bytes <= sequences.tokenizer.shortBytes,
      let segments = try Self.renderBriefly(messages, format, model),
      segments.reduce(0, { $0 + $1.text.utf8.count }) <= 2 * sequences.tokenizer.shortBytes
    {
      return try Self.encode(segments, model, sequences.tokenizer) { true }
    }
    return try await longTexts.run { cancellation in
      let isWanted = { @Sendable in !cancellation.isRequested }
      let segments = try Self.render(messages, format, model, while: isWanted)
      return try Self.encode(segments, model, sequences.tokenizer, while: isWanted)
    }
  }

  // MARK: Prompts

  private func encode(
    _ prompt: String, _ model: ServedModel, _ tokenizer: SentencePieceTokenizer
  ) async throws -> [Int32] {
    try Self.checkRoom(tokenizer.fewestTokens(of: prompt), "prompt", model)
    let work = { @Sendable (isWanted: () -> Bool) throws(Status) -> [Int32] in
      do throws(TokenizerError) {
        return try tokenizer.encode(prompt, while: isWanted)
      } catch {
        throw Validation.invalid("prompt", error.reason)
      }
    }
    if prompt.utf8.count <= tokenizer.shortBytes { return try work { true } }
    return try await longTexts.run { cancellation in try work { !cancellation.isRequested } }
  }

  /// What cannot fit the context is refused before it is encoded.
  private static func checkRoom(
    _ fewest: Int, _ field: String, _ model: ServedModel
  ) throws(Status) {
    let room = model.facts.contextLength - 1
    guard fewest <= room else {
      throw Validation.invalid(
        field,
        "it has at least \(fewest) tokens; the context of \(model.name) leaves room for \(room); "
          + "shorten it")
    }
  }

  // MARK: Conversations

  private static func render(
    _ messages: [ChatTemplate.Message], _ format: ChatFormat, _ model: ServedModel,
    while isWanted: @escaping @Sendable () -> Bool
  ) throws(Status) -> [PromptSegment] {
    do throws(TemplateError) {
      return try format.segments(of: messages, while: isWanted)
    } catch {
      throw refusal(error, model)
    }
  }

  /// - Returns: nil where that takes longer.
  private static func renderBriefly(
    _ messages: [ChatTemplate.Message], _ format: ChatFormat, _ model: ServedModel
  ) throws(Status) -> [PromptSegment]? {
    do throws(TemplateError) {
      return try format.segments(of: messages, within: fewSteps)
    } catch {
      if error.code == .limit { return nil }
      throw refusal(error, model)
    }
  }

  private static func refusal(_ error: TemplateError, _ model: ServedModel) -> Status {
    let verb = error.code == .raised ? "refuses them" : "cannot write them"
    return Validation.invalid(
      "messages", "the chat template of \(model.name) \(verb): \(error.reason)")
  }

  private static func encode(
    _ segments: [PromptSegment], _ model: ServedModel, _ tokenizer: SentencePieceTokenizer,
    while isWanted: () -> Bool
  ) throws(Status) -> [Int32] {
    // Markers count for less than their bytes; the messages' own text does not.
    let text = segments.filter { !$0.holdsMarkers }.map(\.text).joined()
    try checkRoom(tokenizer.fewestTokens(of: text), "messages", model)
    do throws(TokenizerError) {
      return try tokenizer.encode(segments, while: isWanted)
    } catch {
      throw Validation.invalid("messages", error.reason)
    }
  }
}
