/// How a model wants conversations written: a template in the part of Jinja that such templates
/// use, by the convention of Hugging Face's transformers (`apply_chat_template`), which GGUF files
/// follow too.
///
///     messages ──▶ render ──▶ parts of text: the template's, and the messages'
///
/// A template sees `messages` (each a dict of role and content), `add_generation_prompt`,
/// `bos_token`, `eos_token`, and `tools` and `documents` as none. It sees no clock and no other
/// outside state: the same conversation always gives the same prompt.
package struct ChatTemplate: Sendable {
  private let body: [Statement]
  private let limits: TemplateLimits

  /// - Throws: where the source is not a template, or uses what is not supported; with the line.
  package init(
    _ source: String, limits: TemplateLimits = TemplateLimits()
  ) throws(TemplateError) {
    body = try Parser.statements(of: source, limits)
    self.limits = limits
  }

  /// One turn of a conversation.
  package struct Message: Sendable, Equatable {
    /// One of a closed set of names: what a template makes of it counts as its own text.
    package var role: String
    /// From outside: nothing in it can become a control token.
    package var content: String

    package init(role: String, content: String) {
      self.role = role
      self.content = content
    }
  }

  /// What a template writes for a model's control tokens; none for those that the model lacks.
  package struct Tokens: Sendable {
    package var begin: String?
    package var end: String?

    package init(begin: String? = nil, end: String? = nil) {
      self.begin = begin
      self.end = end
    }
  }

  /// Writes a conversation.
  ///
  /// - Parameter addsGenerationPrompt: whether the beginning of the assistant's next turn follows.
  /// - Throws: `raised` where the template refuses the conversation; `evaluation`, `unsupported`
  ///   and `limit` where it cannot be carried out.
  package func render(
    _ messages: [Message], tokens: Tokens = Tokens(), addsGenerationPrompt: Bool = true
  ) throws(TemplateError) -> [PromptPart] {
    var variables: [String: Value] = [
      "add_generation_prompt": .boolean(addsGenerationPrompt), "tools": .none, "documents": .none,
    ]
    variables["bos_token"] = tokens.begin.map { .text(Text($0)) }
    variables["eos_token"] = tokens.end.map { .text(Text($0)) }
    let (role, content) = (Value.text(Text("role")), Value.text(Text("content")))
    variables["messages"] = .list(
      List(
        messages.map { message in
          var mapping = Mapping()
          mapping.set(role, to: .text(Text(message.role)))
          mapping.set(content, to: .text(Text(message.content, isForeign: true)))
          return .mapping(mapping)
        }))
    var renderer = Renderer(variables, limits)
    try renderer.run(body)
    return PromptPart.parts(of: renderer.output)
  }
}
