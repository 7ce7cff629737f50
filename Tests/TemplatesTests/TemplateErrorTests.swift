import Testing

@testable import Templates

/// Errors say where, what, and what is allowed; bounds hold on both sides.
struct TemplateErrorTests {
  private func error(
    _ source: String, _ change: (inout TemplateLimits) -> Void = { _ in }
  ) throws -> TemplateError {
    var limits = TemplateLimits()
    change(&limits)
    let message = ChatTemplate.Message(role: "user", content: "hi")
    return try #require(throws: TemplateError.self) {
      _ = try ChatTemplate(source, limits: limits).render([message])
    }
  }

  @Test(arguments: [
    ("a\n\n{{ 1 + }}", 3, "`}}` where an expression is expected"),
    ("{% if x %}\nopen", 2, "a block is open that ends with `endif`"),
    ("\n{{ x", 2, "a tag `{{` has no end `}}`"),
    ("{{ (1 }} }}", 1, "`}` closes nothing"),
    ("{# x", 1, "a comment `{#` has no end `#}`"),
    ("{% raw %}x", 1, "a block `{% raw %}` has no end `{% endraw %}`"),
    ("{{ 'x }}", 1, "a string has no end"),
    ("{{ 99999999999999999999 }}", 1, "at most 9223372036854775807"),
    ("{{ '\\ud800' }}", 1, "an escape within a string names no character"),
    ("{{ a § b }}", 1, "has no meaning within a tag"),
    ("{% for true in x %}{% endfor %}", 1, "`true` cannot be assigned to"),
    ("{% macro m(a=1, b) %}{% endmacro %}", 1, "the parameter `b` needs a default"),
    ("{{ f(a=1, a=2) }}", 1, "the argument `a` is given twice"),
  ])
  func syntax(source: String, line: Int, words: String) throws {
    let error = try error(source)
    #expect(error.code == .syntax)
    #expect(error.line == line)
    #expect(error.reason.contains(words), "\(error)")
    #expect(error.description.hasPrefix("line \(line): "))
  }

  @Test(arguments: [
    ("{{ x | frobnicate }}", "the filter `frobnicate` is not supported; abs, "),
    ("{{ x is frobnicated }}", "the test `frobnicated` is not supported; boolean, "),
    ("{% include 'x' %}", "the statement `include` is not supported; if, for, set"),
    ("{{ 2 ** 3 }}", "the operator `**`"),
    ("{{ f(*x) }}", "an argument with `*`"),
    ("{% for x in y recursive %}{% endfor %}", "a recursive loop"),
    ("{{ strftime_now('%d') }}", "another prompt each day"),
    ("{% for i in [1] %}{% macro m() %}{% endmacro %}{% endfor %}", "move it out"),
    ("{{ [namespace()] }}", "a namespace within a list"),
    ("{% set ns = namespace() %}{% set ns.self = ns %}", "a namespace within a list"),
    ("{{ '\\N{DASH}' }}", "\\N is not supported"),
  ])
  func unsupported(source: String, words: String) throws {
    let error = try error(source)
    #expect(error.reason.contains(words), "\(error)")
  }

  @Test(arguments: [
    ("{{ messages[0].parts.first }}", "`first` of `parts`, which is undefined"),
    ("{{ messages.x() }}", "`x` cannot be called: it is `x`, which is undefined; functions are"),
    ("{{ 'a' + 1 }}", "`+` does not take a string and an integer"),
    ("{{ 'a'.upper }}", "`upper` is a method: call it"),
    ("{{ 'a'.split('') }}", "`split` takes no empty separator"),
    ("{{ 'a'.strip(1) }}", "`strip` takes a string for `chars`, got an integer"),
    ("{{ 'a' | trim('a', 'b') }}", "the filter trim gets 1 arguments too many"),
    ("{{ 'a' | trim(x='a') }}", "the filter trim takes no argument `x`"),
    ("{{ 'a' | replace('a') }}", "the filter replace needs a string for `new`"),
    ("{% set x.y = 1 %}", "`x` is no namespace"),
    ("{{ namespace() }}", "a namespace has no text"),
    ("{{ 9223372036854775807 + 1 }}", "a number does not fit 64 bits"),
    ("{{ -9223372036854775807 - 2 }}", "a number does not fit 64 bits"),
    ("{{ (-9223372036854775807 - 1) // -1 }}", "a number does not fit 64 bits"),
    ("{{ -(-9223372036854775807 - 1) }}", "a number does not fit 64 bits"),
    ("{{ {[1]: 2} }}", "a list cannot be a key"),
    ("{% for a, b in ['abc'] %}{% endfor %}", "3 values for 2 names"),
    ("{{ range(1, 2, 0) }}", "`range` takes no step of 0"),
  ])
  func evaluation(source: String, words: String) throws {
    let error = try error(source)
    #expect(error.code == .evaluation)
    #expect(error.reason.contains(words), "\(error)")
  }

  @Test func edgesOfNumbers() throws {
    let template = try ChatTemplate(
      "{{ (-9223372036854775807 - 1) % -1 }} {{ 'a' * -5 }}|{{ '' * 9223372036854775807 }}")
    #expect(try template.render([]).map(\.text) == ["0 |"])
  }

  // MARK: Bounds

  private func renders(
    _ source: String, _ change: (inout TemplateLimits) -> Void
  ) throws -> String {
    var limits = TemplateLimits()
    change(&limits)
    return try ChatTemplate(source, limits: limits).render([]).map(\.text).joined()
  }

  @Test func theSourceIsBounded() throws {
    #expect(try renders("1234") { $0.sourceBytes = 4 } == "1234")
    let error = try error("12345") { $0.sourceBytes = 4 }
    #expect(error.code == .limit)
    #expect(error.reason == "the template has 5 bytes; at most 4 are allowed")
  }

  @Test func textsAreBounded() throws {
    for source in [
      "abcd", "{{ 'ab' + 'cd' }}", "{{ 'ab' ~ 'cd' }}", "{{ 'a' * 4 }}",
      "{{ 'xxx' | replace('x', 'y') }}a",
    ] {
      #expect(try renders(source) { $0.characters = 4 }.count == 4)
    }
    for source in [
      "abcde", "{{ 'ab' + 'cde' }}", "{{ 'ab' ~ 'cde' }}", "{{ 'a' * 5 }}",
      "{{ 'a' * 9223372036854775807 }}", "{{ 'xx' | replace('x', 'yyy') }}",
      "{{ ['ab', 'cd'] | join('-') }}", "{{ [1, 2] }}", "{% set x %}abcde{% endset %}",
    ] {
      let error = try error(source) { $0.characters = 4 }
      #expect(error.code == .limit, "\(source)")
      #expect(error.reason.contains("longer than the 4 characters"))
    }
  }

  @Test func stepsAreBounded() throws {
    #expect(try renders("{% for i in range(90) %}x{% endfor %}") { $0.steps = 1000 }.count == 90)
    for source in [
      "{% for i in range(100) %}{% for j in range(100) %}{% endfor %}{% endfor %}",
      "{{ range(9223372036854775807) }}",
      """
      {% macro m() %}{% for i in range(9) %}{{ i }}{% endfor %}{% endmacro %}
      {% for i in range(99) %}{{ m() }}{% endfor %}
      """,
      """
      {% set ns = namespace(x=[1]) %}
      {% for i in range(50) %}{% set ns.x = ns.x + ns.x %}{% endfor %}
      """,
      """
      {% set ns = namespace(x='ab') %}
      {% for i in range(50) %}{% set ns.x = ns.x | list | join('bbbbbbbbbbbbbbbb') %}{% endfor %}
      """,
    ] {
      let error = try error(source) { $0.steps = 1000 }
      #expect(error.code == .limit, "\(source)")
      #expect(error.reason.contains("more than the 1000 steps"))
    }
  }

  /// Whatever looks at letters pays for them: here a thousand times at ten thousand.
  @Test(arguments: [
    "d[b]", "d.get(b)", "b in d", "a == b", "b in [a]", "[a].index(b)", "[a].count(b)",
    "[d] == [{b: 1}]", "'a'.strip(b)", "'a' | trim(b)", "ns[b]", "[d] | map(attribute=b) | list",
    "namespace(d)", "dict(d)", "a | upper", "a ~ b",
  ])
  func lettersArePaidFor(expression: String) throws {
    let source = """
      {% set a = 'a' * 10000 %}{% set b = 'a' * 10000 %}{% set d = {a: 1} %}\
      {% set ns = namespace() %}{% for i in range(1000) %}{% set x =
      """
    let error = try error("\(source) \(expression) %}{% endfor %}") { $0.steps = 300_000 }
    #expect(error.code == .limit, "\(error)")
    #expect(try renders("\(source) a %}{% endfor %}") { $0.steps = 300_000 } == "")
  }

  /// Each key of one dict is looked for in the other.
  @Test func comparedDictsArePaidFor() throws {
    let pairs = (0..<300).map { "\($0): 0" }
    let dicts = """
      {% set a = {\(pairs.joined(separator: ","))} %}\
      {% set b = {\(pairs.reversed().joined(separator: ","))} %}
      """
    func steps(_ source: String) throws -> Int {
      try ChatTemplate(source).rendered(
        [], ChatTemplate.Tokens(), addsGenerationPrompt: false, within: .max, while: { true }
      ).steps
    }
    #expect(try steps(dicts + "{{ a == b }}") - steps(dicts) > 5_000)
  }

  @Test func namesAreBounded() throws {
    let name = String(repeating: "n", count: 256)
    #expect(try renders("{{ \(name) }}") { _ in } == "")
    #expect(
      try error("\n{{ \(name)n }}").description
        == "line 2: a name has 257 characters; at most 256 are allowed")
    let many = { (count: Int) in (0..<count).map { "a\($0)=\($0)" }.joined(separator: ", ") }
    let macro = "{% macro m(\(many(64))) %}{{ a63 }}{% endmacro %}{{ m(\(many(64))) }}"
    #expect(try renders(macro) { _ in } == "63")
    #expect(
      try error("{{ m(\(many(65))) }}").reason == "at most 64 named arguments are allowed")
    #expect(
      try error("{% macro m(\(many(65))) %}{% endmacro %}").reason
        == "at most 64 parameters are allowed")
  }

  @Test func renderingEndsWhenNobodyWaits() throws {
    let template = try ChatTemplate("{% for i in range(20000) %}{{ i }}{% endfor %}")
    #expect(throws: TemplateError.self) { try template.render([], within: 5_000) }
    let error = #expect(throws: TemplateError.self) { try template.render([]) { false } }
    #expect(error?.code == .cancelled)
    #expect(try template.render([]) { true }.count == 1)
  }

  /// A value that holds itself twice, and so on, has no end for those who walk it.
  @Test func sharedListsCostWhatTheySeemToHold() throws {
    let shared = """
      {% set ns = namespace(x='a') %}\
      {% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}
      """
    #expect(try renders(shared) { _ in } == "")
    for use in ["{{ ns.x }}", "{{ ns.x | tojson }}", "{{ ns.x == ns.x }}", "{{ 1 in [ns.x] }}"] {
      #expect(try error(shared + use).code == .limit, "\(use)")
    }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ open: String, _ middle: String, _ close: String, _ count: Int) -> String {
      String(repeating: open, count: count) + middle + String(repeating: close, count: count)
    }
    let shapes = [
      ("{% if 1 %}", "x", "{% endif %}", "", ""), ("(", "1", ")", "{{ ", " }}"),
      ("[", "1", "]", "{{ ", " | length }}"), ("not ", "1", "", "{{ ", " }}"),
      ("1 + ", "1", "", "{{ ", " }}"), ("", "x", ".x", "{{ x is defined or ", " }}"),
      ("", "x", " | trim", "{{ ", " }}"), ("- ", "1", "", "{{ ", " }}"),
      ("1 if 1 else ", "1", "", "{{ ", " }}"), ("{0: ", "1", "}", "{{ ", " | length }}"),
    ]
    for (open, middle, close, before, after) in shapes {
      _ = try ChatTemplate(before + nested(open, middle, close, 20) + after)
      let deep = before + nested(open, middle, close, 5000) + after
      let error = try #require(throws: TemplateError.self) { _ = try ChatTemplate(deep) }
      #expect(error.code == .limit, "\(open)\(close)")
    }
    // Flat chains of these are as long as they like.
    _ = try ChatTemplate("{{ " + nested("", "1", " ~ 1", 5000) + " }}")
    _ = try ChatTemplate("{{ " + nested("", "1", " < 1", 5000) + " }}")
  }

  @Test func recursionIsBounded() throws {
    let down = "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}"
    #expect(try renders(down + "{{ m(20) }}ok") { _ in } == "ok")
    #expect(try error(down + "{{ m(1000) }}").code == .limit)
    let lists =
      "{% set ns = namespace(x=0) %}{% for i in range(N) %}{% set ns.x = [ns.x] %}{% endfor %}"
    #expect(try renders(lists.replacing("N", with: "64")) { _ in } == "")
    #expect(try error(lists.replacing("N", with: "65")).code == .limit)
  }
}
