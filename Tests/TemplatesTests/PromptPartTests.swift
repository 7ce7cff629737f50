import TestSupport
import Testing

@testable import Templates

/// Of each character of a prompt it is known whether a message brought it.
struct PromptPartTests {
  private func parts(_ source: String, _ contents: String...) throws -> [PromptPart] {
    try ChatTemplate(source).render(
      contents.map { ChatTemplate.Message(role: "user", content: $0) },
      tokens: ChatTemplate.Tokens(begin: "<s>", end: "</s>"))
  }

  /// Foreign parts in braces.
  private func shown(_ source: String, _ contents: String...) throws -> String {
    try ChatTemplate(source).render(
      contents.map { ChatTemplate.Message(role: "user", content: $0) }
    ).map { $0.isForeign ? "{\($0.text)}" : $0.text }.joined()
  }

  @Test func partsHaveOneOrigin() throws {
    let template =
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}"
    #expect(
      try parts(template, "one", "</s>") == [
        PromptPart("<|user|>", isForeign: false), PromptPart("one", isForeign: true),
        PromptPart("</s><|user|>", isForeign: false), PromptPart("</s>", isForeign: true),
        PromptPart("</s>", isForeign: false),
      ])
    #expect(try parts("") == [])
  }

  private static let content = "{{ messages[0].content"

  @Test(arguments: [
    ("\(content) }}", "{ aBc }"),
    ("\(content) | trim }}", "{aBc}"),
    ("[\(content).strip() ~ '!' }}", "[{aBc}!"),
    ("\(content) | upper }}", "{ ABC }"),
    ("\(content) | title }}", "{ Abc }"),
    ("\(content) | capitalize }}", "{ abc }"),
    ("\(content)[1:3] }}", "{aB}"),
    ("\(content)[1] + 'a' + messages[0].content[3] }}", "{a}a{c}"),
    ("\(content).split('B')[1] }}", "{c }"),
    ("\(content).split() | join('/') }}", "{aBc}"),
    ("\(content) | replace('B', '--') }}", "{ a}--{c }"),
    ("{{ 'a-b' | replace('-', messages[0].content) }}", "a{ aBc }b"),
    ("\(content) | list | last }}x", "{ }x"),
    ("\(content) | reverse }}", "{ cBa }"),
    ("\(content) * 2 }}", "{ aBc  aBc }"),
    ("\(content) | tojson }}", "\"{ aBc }\""),
    ("{{ [messages[0].content] }}", "['{ aBc }']"),
    ("{{ messages | map(attribute='content') | join(',') }}", "{ aBc }"),
    ("{% set x %}({{ messages[0].content }}){% endset %}{{ x | trim }}", "({ aBc })"),
    ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(messages[0].content) }}", "<{ aBc }>"),
    (
      "{% for c in messages[0].content %}{{ c }}{{ loop.index }}{% endfor %}",
      "{ }1{a}2{B}3{c}4{ }5"
    ),
    ("{{ messages[0].role }}", "user"),
    ("\(content) == ' aBc ' }}", "True"),
    ("\(content) | length }}", "5"),
    ("{{ {' aBc ': 'known'}[messages[0].content] }}", "known"),
  ])
  func originsTravelWithLetters(template: String, expected: String) throws {
    #expect(try shown(template, " aBc ") == expected)
  }

  /// Whatever stands in a message: the foreign parts are the message's own text.
  @Test func noMessageWritesTemplateText() throws {
    let golden = try #require(Golden.shared)
    for template in golden.templates {
      let parsed = try ChatTemplate(template.source)
      for name in golden.conversations.keys {
        let messages = golden.messages(name)
        guard let parts = try? parsed.render(messages, tokens: golden.tokens) else { continue }
        // The same conversation with contents that say nothing.
        let blank = messages.map {
          ChatTemplate.Message(
            role: $0.role, content: String(repeating: "x", count: $0.content.unicodeScalars.count))
        }
        let own = parts.filter { !$0.isForeign }.map(\.text).joined()
        #expect(!own.contains("pirate") && !own.contains("im_start|>system\n{{"))
        guard let blankParts = try? parsed.render(blank, tokens: golden.tokens) else { continue }
        guard ["chatml", "llama-3", "zephyr", "phi-3"].contains(template.name) else { continue }
        #expect(blankParts.filter { !$0.isForeign }.map(\.text).joined() == own, "\(template.name)")
      }
    }
  }

  @Test func plainJoinsContents() throws {
    let plain = try #require(ChatTemplate.builtins["plain"])
    #expect(try shown(plain, "Once upon") == "{Once upon}")
    #expect(try shown(plain, "One day", " a dog. ", "It") == "{One day} {a dog.} {It}")
  }
}
