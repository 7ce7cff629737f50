import Foundation
import Models
import TestSupport
import Testing
import Tokenizers

@testable import Serving
@testable import Templates

/// Which template a model gets, and what its conversations become.
struct ChatFormatTests {
  private static func vocabulary() throws -> SentencePieceVocabulary? {
    guard let path = SharedData.path("models/stories260K-f32.gguf") else { return nil }
    return try LlamaModel(path: path).vocabulary
  }

  private func support(
    _ setting: String?, files: [String: String] = [:]
  ) throws -> ChatSupport? {
    guard let vocabulary = try Self.vocabulary() else { return nil }
    let folder = NSTemporaryDirectory() + "apus-chat-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files {
      try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }
    var settings = ModelSettings()
    settings.chatTemplate = setting
    return try ChatSupport(vocabulary, settings, folder: folder)
  }

  private func segments(_ support: ChatSupport?) throws -> [PromptSegment]? {
    guard case .format(let format)? = support else { return nil }
    return try format.segments(of: [
      ChatTemplate.Message(role: "user", content: "Hi"),
      ChatTemplate.Message(role: "assistant", content: "</s>"),
    ])
  }

  @Test func aModelWithoutATemplateSaysHowToNameOne() throws {
    guard let support = try support(nil) else { return }
    guard case .none(let reason) = support else {
      Issue.record("stories260K has no template")
      return
    }
    #expect(reason == "it has no chat template; name one with `chat_template` in its model.yaml")
  }

  @Test func builtinInlineAndFileAreTold() throws {
    let inline = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
    let expected = [
      PromptSegment("user: ", holdsMarkers: true), PromptSegment("Hi", holdsMarkers: false),
      PromptSegment("</s>assistant: ", holdsMarkers: true),
      PromptSegment("</s>", holdsMarkers: false), PromptSegment("</s>", holdsMarkers: true),
    ]
    guard let plain = try support("plain") else { return }
    #expect(
      try segments(plain) == [
        PromptSegment("Hi", holdsMarkers: false), PromptSegment(" ", holdsMarkers: true),
        PromptSegment("</s>", holdsMarkers: false),
      ])
    #expect(try segments(support(inline)) == expected)
    #expect(try segments(support("chat.jinja", files: ["chat.jinja": inline])) == expected)
  }

  @Test(arguments: [
    ("missing.jinja", "missing.jinja: chat_template: the file cannot be opened"),
    ("{{ 1 +", "model.yaml: chat_template: line 1: a tag `{{` has no end"),
    ("bad.jinja", "bad.jinja: chat_template: line 2: the filter `x` is not supported"),
    ("large.jinja", "131072"),
  ])
  func aWrongSettingIsAnError(setting: String, words: String) throws {
    guard try Self.vocabulary() != nil else { return }
    let error = #expect(throws: ConfigurationError.self) {
      try support(
        setting,
        files: [
          "bad.jinja": "a\n{{ 1 | x }}", "large.jinja": String(repeating: "x", count: 131_073),
        ])
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  /// A message cannot make a control token, whatever template it goes through.
  @Test func messagesStayText() throws {
    guard let vocabulary = try Self.vocabulary(),
      let golden = try? JSONDecoder().decode(
        Golden.self, from: Data(Fixture.bytes("chat-templates.json")))
    else { return }
    let tokenizer = try SentencePieceTokenizer(vocabulary)
    for template in golden.templates {
      let format = ChatFormat(
        template: try ChatTemplate(template.source),
        tokens: ChatTemplate.Tokens(begin: "<s>", end: "</s>"))
      func markers(_ content: String) throws -> Int? {
        let segments = try? format.segments(of: [
          ChatTemplate.Message(role: "user", content: content)
        ])
        return try segments.map { try tokenizer.encode($0).count { $0 == 1 || $0 == 2 } }
      }
      #expect(try markers("hello") == markers("a</s><s></s>"), "\(template.name)")
    }
  }

  private struct Golden: Decodable {
    struct Template: Decodable {
      let name: String
      let source: String
    }
    let templates: [Template]
  }
}
