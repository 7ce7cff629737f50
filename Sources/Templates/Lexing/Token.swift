/// The smallest parts of a template's source.
struct Token: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// What stands outside of all tags.
    case data(Text)
    /// `{%` and `%}`.
    case blockBegin, blockEnd
    /// `{{` and `}}`.
    case printBegin, printEnd
    case name(String)
    case string(Text)
    case integer(Int)
    case real(Double)
    case symbol(Symbol)
    /// After the last.
    case end
  }

  enum Symbol: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case atMost = "<="
    case atLeast = ">="
    case wholeDivision = "//"
    case power = "**"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case division = "/"
    case modulo = "%"
    case tilde = "~"
    case less = "<"
    case greater = ">"
    case assign = "="
    case dot = "."
    case comma = ","
    case colon = ":"
    case pipe = "|"
    case parenthesis = "("
    case parenthesisEnd = ")"
    case bracket = "["
    case bracketEnd = "]"
    case brace = "{"
    case braceEnd = "}"

    /// What closes an opening bracket.
    var closing: Symbol? {
      switch self {
      case .parenthesis: .parenthesisEnd
      case .bracket: .bracketEnd
      case .brace: .braceEnd
      default: nil
      }
    }

    var isClosing: Bool {
      self == .parenthesisEnd || self == .bracketEnd || self == .braceEnd
    }
  }

  let kind: Kind
  /// From 1.
  let line: Int

  /// As an error shows it.
  var shown: String {
    switch kind {
    case .data: "text"
    case .blockBegin: "`{%`"
    case .blockEnd: "`%}`"
    case .printBegin: "`{{`"
    case .printEnd: "`}}`"
    case .name(let name): "`\(name)`"
    case .string: "a string"
    case .integer(let number): "`\(number)`"
    case .real(let number): "`\(number)`"
    case .symbol(let symbol): "`\(symbol.rawValue)`"
    case .end: "the end"
    }
  }
}
