/// A stretch of a rendered prompt that has one origin.
package struct PromptPart: Sendable, Equatable {
  package let text: String
  /// Whether a message brought it. If not, the template wrote it, and control tokens in it are
  /// meant.
  package let isForeign: Bool

  package init(_ text: String, isForeign: Bool) {
    self.text = text
    self.isForeign = isForeign
  }

  /// Neighbours of one origin become one part.
  static func parts(of text: Text) -> [PromptPart] {
    var parts: [PromptPart] = []
    var rest = text.letters[...]
    while let first = rest.first {
      let run = rest.prefix { $0.isForeign == first.isForeign }
      parts.append(PromptPart(Text(run).string, isForeign: first.isForeign))
      rest = rest[run.endIndex...]
    }
    return parts
  }
}
