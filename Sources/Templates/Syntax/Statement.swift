/// A piece of a template, in the order of its source.
struct Statement: Sendable {
  indirect enum Kind: Sendable {
    /// What stands outside of all tags.
    case data(Text)
    /// `{{ a }}`
    case print(Expression)
    /// `{% if %} … {% elif %} … {% else %} … {% endif %}`
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    /// `{% set a = b %}`
    case assignment(Target, Expression)
    /// `{% set a %} … {% endset %}`; filters wrap the text of the body.
    case capture(Target, filters: Expression?, [Statement])
    case macro(Macro)
    /// `{% generation %} … {% endgeneration %}`: only marks text, for training.
    case scope([Statement])
    /// `{% continue %}` and `{% break %}`
    case nextTurn, leaveLoop
  }

  /// `{% for target in items if condition %} … {% else %} … {% endfor %}`
  struct Loop: Sendable {
    let target: Target
    let items: Expression
    let condition: Expression?
    let body: [Statement]
    let otherwise: [Statement]
  }

  let kind: Kind
  let line: Int
}

/// What can be assigned to.
indirect enum Target: Sendable {
  case name(String)
  /// An attribute of a namespace.
  case attribute(of: String, String)
  case tuple([Target])
}

/// `{% macro name(parameter, parameter=default) %} … {% endmacro %}`
struct Macro: Sendable {
  let name: String
  let parameters: [(name: String, usual: Expression?)]
  let body: [Statement]
}
