import TestSupport
import Testing

@testable import Templates

/// Good templates, broken at random, on conversations that are no kinder: each renders or is
/// refused with an error that says something. Run under AddressSanitizer too.
struct TemplateMutationTests {
  private static var sources: [String] {
    guard let golden = Golden.shared else { return [] }
    return golden.templates.map(\.source) + golden.expressions.map(\.source)
  }

  private static var limits: TemplateLimits {
    var limits = TemplateLimits()
    limits.steps = 20_000
    limits.characters = 20_000
    return limits
  }

  private func survives(_ source: String, _ messages: [ChatTemplate.Message]) -> Bool {
    do throws(TemplateError) {
      _ = try ChatTemplate(source, limits: Self.limits).render(messages)
      return true
    } catch {
      #expect(!error.reason.isEmpty && error.reason.utf8.count < 2_000)
      return false
    }
  }

  @Test(arguments: 0..<4)
  func brokenTemplatesNeverCrash(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let conversations = try #require(Golden.shared).conversations.keys.sorted().map {
      Golden.shared?.messages($0) ?? []
    }
    var (rendered, refused) = (0, 0)
    for source in Self.sources {
      for _ in 0..<8 {
        let bytes = Mutation.mutate(Array(source.utf8), &generator)
        let messages = conversations.randomElement(using: &generator) ?? []
        if survives(String(decoding: bytes, as: UTF8.self), messages) {
          rendered += 1
        } else {
          refused += 1
        }
      }
    }
    #expect(rendered > 50)
    #expect(refused > 50)
  }

  /// Templates of shuffled tokens get further into the parser and the evaluator than broken bytes
  /// do.
  @Test(arguments: 0..<4)
  func shuffledTokensNeverCrash(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 100 + seed)
    let words = [
      "messages", "loop", "ns", "x", "1", "0", "-1", "9223372036854775807", "1.5", "'a'", "''",
      "none",
      "true", "[", "]", "(", ")", "{", "}", ":", ",", ".", "|", "~", "+", "-", "*", "/", "//", "%",
      "==", "<", "in", "not", "is", "and", "or", "if", "else", "=", "trim", "join", "list", "map",
      "length", "replace", "tojson", "selectattr", "default", "defined", "string", "role",
      "content",
      "split", "items", "range", "namespace", "dict", "raise_exception", "index", "first", "get",
    ]
    let tags = [
      ("{{ ", " }}"), ("{%- if ", " %}"), ("{% for x in ", " -%}"), ("{% set x = ", " %}"),
      ("{% set ns.x = ", " %}"), ("{% set x | ", " %}"), ("{% macro m(x) %}{{ ", " }}"),
      ("{% endif %}", ""), ("{% endfor %}", ""), ("{% else %}", ""), ("{% endset %}", ""),
      ("{% endmacro %}", ""), ("{% break %}", ""), ("{{ m(", ") }}"), ("text \n", ""), ("{#", "#}"),
    ]
    let messages = [ChatTemplate.Message(role: "user", content: "Hello {{ there }}")]
    var rendered = 0
    for _ in 0..<4_000 {
      var source = Bool.random(using: &generator) ? "{% set ns = namespace(x=1) %}" : ""
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let tag = tags.randomElement(using: &generator) ?? ("", "")
        let count = Int.random(in: 1...6, using: &generator)
        let inner = (0..<count).map { _ in words.randomElement(using: &generator) ?? "" }
        source += tag.0 + inner.joined(separator: " ") + tag.1
      }
      if survives(source, messages) { rendered += 1 }
    }
    #expect(rendered > 100)
  }
}
