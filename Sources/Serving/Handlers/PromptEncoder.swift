internal import Inference
internal import Messages
internal import Templates
internal import Tokenizers

/// Makes token ids of what a request wants continued: a prompt, or a conversation in the model's
/// own format. What is long is done away from the loop.
struct PromptEncoder: Sendable {
  let longTexts: LongTextThread

  /// So many short messages are rendered in no time: 0.1 ms, measured with the formats of llama-3
  /// and chatml.
  private static let fewMessages = 32

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
    let work = { @Sendable () throws(Status) -> [Int32] in
      try Self.encode(messages, format, model, sequences.tokenizer)
    }
    let bytes = messages.reduce(0) { $0 + $1.content.utf8.count }
    if messages.count <= Self.fewMessages, bytes <= sequences.tokenizer.shortBytes {
      return try work()
    }
    return try await longTexts.run(work)
  }

  // MARK: Prompts

  private func encode(
    _ prompt: String, _ model: ServedModel, _ tokenizer: SentencePieceTokenizer
  ) async throws -> [Int32] {
    try Self.checkRoom(tokenizer.fewestTokens(of: prompt), "prompt", model)
    let work = { @Sendable () throws(Status) -> [Int32] in
      do throws(TokenizerError) {
        return try tokenizer.encode(prompt)
      } catch {
        throw Validation.invalid("prompt", error.reason)
      }
    }
    return prompt.utf8.count <= tokenizer.shortBytes ? try work() : try await longTexts.run(work)
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

  private static func encode(
    _ messages: [ChatTemplate.Message], _ format: ChatFormat, _ model: ServedModel,
    _ tokenizer: SentencePieceTokenizer
  ) throws(Status) -> [Int32] {
    let segments: [PromptSegment]
    do throws(TemplateError) {
      segments = try format.segments(of: messages)
    } catch {
      let verb = error.code == .raised ? "refuses them" : "cannot write them"
      throw Validation.invalid(
        "messages", "the chat template of \(model.name) \(verb): \(error.reason)")
    }
    // Markers count for less than their bytes; the messages' own text does not.
    let text = segments.filter { !$0.holdsMarkers }.map(\.text).joined()
    try checkRoom(tokenizer.fewestTokens(of: text), "messages", model)
    do throws(TokenizerError) {
      return try tokenizer.encode(segments)
    } catch {
      throw Validation.invalid("messages", error.reason)
    }
  }
}
