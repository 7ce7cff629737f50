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
  /// - Parameters:
  ///   - addsGenerationPrompt: whether the beginning of the assistant's next turn follows.
  ///   - steps: most steps, if fewer than the template's own limits allow.
  ///   - isWanted: asked now and then; `cancelled` is thrown when it says no.
  /// - Throws: `raised` where the template refuses the conversation; `evaluation`, `unsupported`
  ///   and `limit` where it cannot be carried out.
  package func render(
    _ messages: [Message], tokens: Tokens = Tokens(), addsGenerationPrompt: Bool = true,
    within steps: Int = .max, while isWanted: @escaping @Sendable () -> Bool = { true }
  ) throws(TemplateError) -> [PromptPart] {
    try rendered(
      messages, tokens, addsGenerationPrompt: addsGenerationPrompt, within: steps, while: isWanted
    ).parts
  }

  /// With the steps that it took.
  func rendered(
    _ messages: [Message], _ tokens: Tokens, addsGenerationPrompt: Bool, within steps: Int,
    while isWanted: @escaping @Sendable () -> Bool
  ) throws(TemplateError) -> (parts: [PromptPart], steps: Int) {
    var limits = limits
    limits.steps = min(limits.steps, steps)
    var renderer = Renderer(limits, while: isWanted)
    // Each is a dict of two texts, whose letters are moved.
    let letters = messages.reduce(0) { $0 + $1.role.utf8.count + $1.content.utf8.count }
    try renderer.charge(0, moving: 64 * messages.count + letters)
    for (name, value) in variables(messages, tokens, addsGenerationPrompt) {
      renderer.set(name, to: value)
    }
    try renderer.run(body)
    return (PromptPart.parts(of: renderer.output), renderer.steps)
  }

  private func variables(
    _ messages: [Message], _ tokens: Tokens, _ addsGenerationPrompt: Bool
  ) -> [String: Value] {
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
          var cost = ComparisonCost(allowance: .max)
          mapping.set(role, to: .text(Text(message.role)), &cost)
          mapping.set(content, to: .text(Text(message.content, isForeign: true)), &cost)
          return .mapping(mapping)
        }))
    return variables
  }
}
