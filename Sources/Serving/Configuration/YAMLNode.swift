/// One node of a YAML document with the line it stands on.
struct YAMLNode: Sendable, Equatable {
  enum Content: Sendable, Equatable {
    case scalar(String)
    case sequence([YAMLNode])
    /// As written: a key may stand there twice.
    case mapping([Entry])
  }
  struct Entry: Sendable, Equatable {
    let key: String
    let line: Int
    let value: YAMLNode
  }
  let content: Content
  /// From 1.
  let line: Int

  /// Nothing is written where a value may stand.
  var isEmpty: Bool { content == .scalar("") }

  /// What it is, in words.
  var kind: String {
    switch content {
    case .scalar: "one value"
    case .sequence: "a list"
    case .mapping: "`key: value` lines"
    }
  }
}
