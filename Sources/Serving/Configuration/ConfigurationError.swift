/// Where and why a configuration is wrong.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Empty when no file is to blame.
  package let file: String
  /// From 1; 0 when no line is to blame.
  package let line: Int
  package let reason: String

  package init(file: String, line: Int = 0, _ reason: String) {
    self.file = file
    self.line = line
    self.reason = reason
  }
  package var description: String {
    if file.isEmpty { return reason }
    return line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)"
  }
}

/// All that is wrong with a configuration, so that it can be mended in one go.
package struct ConfigurationProblems: Error, Sendable, Equatable, CustomStringConvertible {
  /// At least one; by line where they are of one file.
  package let all: [ConfigurationError]
  /// Whether only flags are to blame.
  package let isOfCommandLine: Bool

  /// Problems that are told one by one.
  private static let shown = 100

  package init(_ all: [ConfigurationError], isOfCommandLine: Bool = false) {
    self.all = all
    self.isOfCommandLine = isOfCommandLine
  }

  /// One on a line.
  package var description: String { text(separator: "\n") }

  /// All on one line.
  package var line: String { text(separator: "; ") }

  private func text(separator: String) -> String {
    let texts = all.prefix(Self.shown).map(\.description)
    let more = all.count - texts.count
    return (texts + (more > 0 ? ["and \(more) more"] : [])).joined(separator: separator)
  }
}
