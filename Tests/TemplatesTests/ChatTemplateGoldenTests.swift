import Foundation
import TestSupport
import Testing

@testable import Templates

/// What Jinja itself makes of the same templates: see tools/golden/make_templates.py.
struct Golden: Decodable {
  struct Turn: Decodable {
    let role: String
    let content: String
  }
  struct Template: Decodable {
    let name: String
    let source: String
    let cases: [Case]
  }
  struct Case: Decodable {
    let conversation: String
    let adds: Bool
    /// nil where Jinja refuses.
    let text: String?
    /// What the template itself said when it refused.
    let error: String?
  }
  struct Expression: Decodable, CustomTestStringConvertible {
    let source: String
    let text: String?
    let error: String?
    var testDescription: String { source }
  }
  let begin: String
  let end: String
  let conversations: [String: [Turn]]
  let templates: [Template]
  let expressions: [Expression]

  static let shared: Golden? = {
    guard let bytes = try? Fixture.bytes("chat-templates.json") else { return nil }
    return try? JSONDecoder().decode(Golden.self, from: Data(bytes))
  }()

  var tokens: ChatTemplate.Tokens { ChatTemplate.Tokens(begin: begin, end: end) }

  func messages(_ conversation: String) -> [ChatTemplate.Message] {
    (conversations[conversation] ?? []).map {
      ChatTemplate.Message(role: $0.role, content: $0.content)
    }
  }
}

struct ChatTemplateGoldenTests {
  @Test(arguments: Golden.shared?.templates.map(\.name) ?? [""])
  func rendersAsJinjaDoes(name: String) throws {
    let golden = try #require(Golden.shared)
    let template = try #require(golden.templates.first { $0.name == name })
    let parsed = try ChatTemplate(template.source)
    var refused = 0
    for one in template.cases {
      let messages = golden.messages(one.conversation)
      do throws(TemplateError) {
        let parts = try parsed.render(
          messages, tokens: golden.tokens, addsGenerationPrompt: one.adds)
        let text = parts.map(\.text).joined()
        #expect(one.text == text, "\(name): \(one.conversation)")
      } catch {
        refused += 1
        #expect(one.text == nil, "\(name): \(one.conversation): \(error)")
        #expect(error.code == (one.error == nil ? .evaluation : .raised))
        if let told = one.error { #expect(error.reason == told) }
      }
    }
    #expect(refused == template.cases.count { $0.text == nil })
  }

  @Test(arguments: Golden.shared?.expressions ?? [])
  func evaluatesAsJinjaDoes(expression: Golden.Expression) throws {
    let golden = try #require(Golden.shared)
    do throws(TemplateError) {
      let parts = try ChatTemplate(expression.source).render(
        golden.messages("system and several"), tokens: golden.tokens)
      #expect(parts.map(\.text).joined() == expression.text)
    } catch {
      #expect(expression.text == nil, "\(error)")
      if let told = expression.error { #expect(error.reason == told) }
      #expect(error.line >= 1 && !error.reason.isEmpty)
    }
  }
}
