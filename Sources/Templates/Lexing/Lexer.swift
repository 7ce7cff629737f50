/// Cuts a template's source into tokens, and takes the white space around tags away as transformers
/// has Jinja do it.
///
///     source ::= { data | "{{" tokens "}}" | "{%" tokens "%}" | "{#" comment "#}" | raw }
///     raw    ::= "{%" "raw" "%}" data "{%" "endraw" "%}"
///
/// A "-" at the inner edge of a tag takes all white space beyond that edge, a "+" keeps it. Without
/// either, a block or comment takes the newline right after it (trim_blocks) and the spaces before
/// it on its line, if nothing else stands there (lstrip_blocks); `{{ }}` takes nothing. One newline
/// at the end of the source does not count.
struct Lexer {
  let source: [Unicode.Scalar]
  var place = 0
  private(set) var tokens: [Token] = []
  private var countedLines = (place: 0, line: 1)

  static func tokens(
    of source: String, _ limits: TemplateLimits
  ) throws(TemplateError) -> [Token] {
    guard source.utf8.count <= limits.sourceBytes else {
      throw TemplateError(
        .limit, 0,
        "the template has \(source.utf8.count) bytes; at most \(limits.sourceBytes) are allowed")
    }
    var lexer = Lexer(source)
    try lexer.run()
    return lexer.tokens
  }

  private init(_ string: String) {
    var scalars: [Unicode.Scalar] = []
    var afterReturn = false
    for scalar in string.unicodeScalars {
      if scalar == "\n", afterReturn {
        afterReturn = false
        continue
      }
      afterReturn = scalar == "\r"
      scalars.append(afterReturn ? "\n" : scalar)
    }
    if scalars.last == "\n" { scalars.removeLast() }
    source = scalars
  }

  private mutating func run() throws(TemplateError) {
    while place < source.count {
      guard let tag = nextTag() else {
        add(.data(text(place..<source.count)), at: place)
        place = source.count
        break
      }
      addData(before: tag)
      place = tag.end
      switch tag.kind {
      case .comment: try skipComment(tag)
      case .raw: try addRaw(tag)
      case .block:
        add(.blockBegin, at: tag.start)
        try addTokens(of: tag)
      case .print:
        add(.printBegin, at: tag.start)
        try addTokens(of: tag)
      }
    }
    place = source.count
    add(.end, at: place)
  }

  // MARK: Tags

  struct Tag {
    enum Kind { case block, print, comment, raw }
    let kind: Kind
    /// `-`, `+` or nil.
    let sign: Unicode.Scalar?
    let start: Int
    var end: Int
  }

  private func nextTag() -> Tag? {
    var index = place
    while index + 1 < source.count {
      if source[index] == "{", let tag = tag(at: index) { return tag }
      index += 1
    }
    return nil
  }

  private func tag(at start: Int) -> Tag? {
    let kind: Tag.Kind
    switch source[start + 1] {
    case "{": kind = .print
    case "%": kind = .block
    case "#": kind = .comment
    default: return nil
    }
    var end = start + 2
    var sign: Unicode.Scalar?
    if end < source.count, source[end] == "-" || source[end] == "+" {
      sign = source[end]
      end += 1
    }
    if kind == .block, let inner = endOfBlock("raw", from: end) {
      return Tag(kind: .raw, sign: sign, start: start, end: inner)
    }
    return Tag(kind: kind, sign: sign, start: start, end: end)
  }

  /// Where a block ends that holds nothing but `word`; what its own sign takes is included.
  private func endOfBlock(_ word: String, from start: Int) -> Int? {
    var index = skipSpace(start)
    guard has(word, at: index) else { return nil }
    index = skipSpace(index + word.unicodeScalars.count)
    if has("-%}", at: index) { return skipSpace(index + 3) }
    if has("%}", at: index) { return index + 2 }
    return nil
  }

  /// The text up to a tag, less the white space that the tag takes.
  private mutating func addData(before tag: Tag) {
    let startsLine = place == 0 || source[place - 1] == "\n"
    let data = text(place..<tag.start)
    if tag.sign == "-" {
      return add(.data(data.trimmed(start: false)), at: place)
    }
    guard tag.kind != .print, tag.sign == nil else { return add(.data(data), at: place) }
    let lineStart = data.letters.lastIndex { $0.scalar == "\n" }.map { $0 + 1 }
    if let start = lineStart ?? (startsLine ? 0 : nil),
      data.letters[start...].allSatisfy(\.isSpace)
    {
      return add(.data(Text(data.letters[..<start])), at: place)
    }
    add(.data(data), at: place)
  }

  private mutating func skipComment(_ tag: Tag) throws(TemplateError) {
    while place < source.count {
      if let end = endOfTag("#}", takesNewline: true) {
        place = end
        return
      }
      place += 1
    }
    throw error(at: tag.start, "a comment `{#` has no end `#}`")
  }

  private mutating func addRaw(_ tag: Tag) throws(TemplateError) {
    let begin = place
    var index = begin
    while index + 1 < source.count {
      defer { index += 1 }
      guard source[index] == "{", source[index + 1] == "%" else { continue }
      let isSigned =
        index + 2 < source.count && (source[index + 2] == "-" || source[index + 2] == "+")
      let inner = skipSpace(index + (isSigned ? 3 : 2))
      guard has("endraw", at: inner) else { continue }
      place = skipSpace(inner + 6)
      guard let end = endOfTag("%}", takesNewline: true) else { continue }
      place = begin
      addData(
        before: Tag(
          kind: .block, sign: isSigned ? source[index + 2] : nil, start: index, end: end))
      place = end
      return
    }
    throw error(at: tag.start, "a block `{% raw %}` has no end `{% endraw %}`")
  }

  /// Where a tag ends if its end stands here: with what its sign takes, or the newline after it.
  func endOfTag(_ mark: String, takesNewline: Bool) -> Int? {
    if has("-" + mark, at: place) { return skipSpace(place + 3) }
    if takesNewline, has("+" + mark, at: place) { return place + 3 }
    guard has(mark, at: place) else { return nil }
    let end = place + 2
    return takesNewline && end < source.count && source[end] == "\n" ? end + 1 : end
  }

  // MARK: The source

  func has(_ string: String, at index: Int) -> Bool {
    let scalars = string.unicodeScalars
    return index + scalars.count <= source.count
      && source[index..<index + scalars.count].elementsEqual(scalars)
  }

  func skipSpace(_ start: Int) -> Int {
    var index = start
    while index < source.count, source[index].isPythonSpace { index += 1 }
    return index
  }

  private func text(_ range: Range<Int>) -> Text { Text(source[range].lazy.map { Letter($0) }) }

  mutating func add(_ kind: Token.Kind, at index: Int) {
    if case .data(let text) = kind, text.isEmpty { return }
    tokens.append(Token(kind: kind, line: line(of: index)))
  }

  /// Places are asked for in rising order, so that each newline is counted once.
  private mutating func line(of index: Int) -> Int {
    if index < countedLines.place { countedLines = (0, 1) }
    let passed = source[countedLines.place..<index].count { $0 == "\n" }
    countedLines = (index, countedLines.line + passed)
    return countedLines.line
  }

  func error(at index: Int, _ reason: String) -> TemplateError {
    TemplateError(.syntax, 1 + source[..<index].count { $0 == "\n" }, reason)
  }
}
