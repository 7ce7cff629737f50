/// Why a template cannot be used, or would not render: where, what is wrong, and what is allowed.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The source is no template.
    case syntax
    /// Jinja has it; this interpreter does not.
    case unsupported
    /// An operation on values that cannot take it.
    case evaluation
    /// The template itself refused, by `raise_exception`.
    case raised
    /// A bound of `TemplateLimits`.
    case limit
    /// Whoever wanted the prompt has gone.
    case cancelled
  }
  package let code: Code
  /// From 1; 0 where no line is to blame.
  package let line: Int
  package let reason: String

  init(_ code: Code, _ line: Int, _ reason: String) {
    self.code = code
    self.line = line
    self.reason = reason
  }

  package var description: String { line > 0 ? "line \(line): \(reason)" : reason }
}
