internal import Bytes
internal import Models
package import Templates
internal import Tokenizers

/// Whether a language model takes conversations.
package enum ChatSupport: Sendable {
  case format(ChatFormat)
  /// Why not, and what to do about it.
  case none(String)

  /// The template that model.yaml names, else that of the model's file.
  ///
  /// - Parameter folder: where model.yaml is.
  /// - Throws: where model.yaml names one that cannot be used. One in the model's file that cannot
  ///   be used is no reason not to serve the model's prompts.
  init(
    _ vocabulary: SentencePieceVocabulary, _ settings: ModelSettings, folder: String
  ) throws(ConfigurationError) {
    var tokens = ChatTemplate.Tokens()
    tokens.begin = vocabulary.beginID.map { vocabulary.pieces.string(Int($0)) }
    tokens.end = vocabulary.endID.map { vocabulary.pieces.string(Int($0)) }
    if let setting = settings.chatTemplate {
      self = .format(
        ChatFormat(template: try ChatFormat.template(setting, folder: folder), tokens: tokens))
      return
    }
    let advice = "name one with `chat_template` in its model.yaml"
    guard !vocabulary.chatTemplate.isEmpty else {
      self = .none("it has no chat template; \(advice)")
      return
    }
    do throws(TemplateError) {
      let template = try ChatTemplate(vocabulary.chatTemplate)
      self = .format(ChatFormat(template: template, tokens: tokens))
    } catch {
      self = .none("the chat template of its file cannot be used (\(error)); \(advice)")
    }
  }
}

/// How a language model wants conversations written.
package struct ChatFormat: Sendable {
  package let template: ChatTemplate
  package let tokens: ChatTemplate.Tokens

  package init(template: ChatTemplate, tokens: ChatTemplate.Tokens) {
    self.template = template
    self.tokens = tokens
  }

  /// A conversation as a prompt that ends where the assistant's next turn begins.
  func segments(
    of messages: [ChatTemplate.Message], within steps: Int = .max,
    while isWanted: @escaping @Sendable () -> Bool = { true }
  ) throws(TemplateError) -> [PromptSegment] {
    try template.render(messages, tokens: tokens, within: steps, while: isWanted).map {
      PromptSegment($0.text, holdsMarkers: !$0.isForeign)
    }
  }

  // MARK: The setting

  static let builtinNames = ChatTemplate.builtins.keys.sorted().joined(separator: ", ")

  private static func isTemplate(_ setting: String) -> Bool {
    setting.contains("{{") || setting.contains("{%")
  }

  /// Whether a setting can be one: whether the file is there shows when the model is loaded.
  static func mayName(_ setting: String) -> Bool {
    isTemplate(setting) || !(setting.isEmpty || setting.contains("/") || setting.hasPrefix("."))
  }

  fileprivate static func template(
    _ setting: String, folder: String
  ) throws(ConfigurationError) -> ChatTemplate {
    var (source, file) = (setting, "\(folder)/model.yaml")
    if let builtin = ChatTemplate.builtins[setting] {
      source = builtin
    } else if !isTemplate(setting) {
      file = "\(folder)/\(setting)"
      source = try read(file)
    }
    do throws(TemplateError) {
      return try ChatTemplate(source)
    } catch {
      throw ConfigurationError(file: file, "chat_template: \(error)")
    }
  }

  private static func read(_ path: String) throws(ConfigurationError) -> String {
    do throws(FileError) {
      let bytes = try SmallFile.bytes(path, limit: TemplateLimits().sourceBytes)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      throw ConfigurationError(
        file: path,
        "chat_template: the file \(error.explanation); there are also builtin templates: "
          + builtinNames)
    }
  }
}
