internal import Bytes

/// What answers in place of a version that cannot; tried in the order in which model.yaml has them.
package enum FallbackStep: Sendable, Equatable {
  /// The newest earlier version that is ready.
  case previous
  /// Another model, in the version that a call without one gets. Its own fallback is not followed,
  /// so that no chain has a loop.
  case model(String)
  case fixed(StaticAnswer)

  /// Steps of one chain at most.
  static let bound = 8
}

/// What answered, as metrics, log and answers call it.
enum FallbackKind: String, Sendable, CaseIterable {
  case previousVersion = "previous_version"
  case otherModel = "other_model"
  case staticAnswer = "static_answer"
}

/// An answer that an operator wrote, for every instance alike.
package enum StaticAnswer: Sendable, Equatable {
  case label(String, score: Float)
  case values([Float])
  case embedding([Float])
  case text(String)
}

extension FallbackStep {
  /// Reads a `fallback`: `[previous, model: NAME, static: {label: TEXT, score: 0.5}]`.
  static func steps(
    _ node: YAMLNode, _ fail: (YAMLNode, String) -> ConfigurationError
  ) throws(ConfigurationError) -> [FallbackStep] {
    guard case .sequence(let nodes) = node.content, nodes.count <= bound else {
      throw fail(node, "expected a list of up to \(bound) steps, such as [previous, model: NAME]")
    }
    var steps: [FallbackStep] = []
    for node in nodes { steps.append(try FallbackStep(node, fail)) }
    return steps
  }

  private init(
    _ node: YAMLNode, _ fail: (YAMLNode, String) -> ConfigurationError
  ) throws(ConfigurationError) {
    switch node.content {
    case .scalar("previous"):
      self = .previous
      return
    case .mapping(let entries) where entries.count == 1:
      if entries[0].key == "model", case .scalar(let name) = entries[0].value.content,
        ModelName.isValid(name)
      {
        self = .model(name)
        return
      }
      if entries[0].key == "static", case .mapping(let members) = entries[0].value.content,
        let answer = StaticAnswer(members)
      {
        self = .fixed(answer)
        return
      }
    default: break
    }
    throw fail(
      node,
      "a step is `previous`, `model: NAME`, or `static:` with one of `label: TEXT` (and `score`), "
        + "`values: [NUMBER, …]`, `embedding: [NUMBER, …]` and `text: TEXT`")
  }
}

extension FallbackStep {
  /// Steps as they can be read again.
  static func text(_ steps: [FallbackStep]) -> String {
    "[\(steps.map(\.text).joined(separator: ", "))]"
  }

  private var text: String {
    switch self {
    case .previous: "previous"
    case .model(let name): "model: \(YAMLText.scalar(name))"
    case .fixed(let answer): "static: {\(answer.text)}"
    }
  }
}

extension StaticAnswer {
  fileprivate var text: String {
    switch self {
    case .label(let label, let score): "label: \(YAMLText.scalar(label)), score: \(score)"
    case .values(let values): "values: \(values)"
    case .embedding(let values): "embedding: \(values)"
    case .text(let text): "text: \(YAMLText.scalar(text))"
    }
  }

  init?(_ members: [YAMLNode.Entry]) {
    let named = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
    guard let kind = members.first(where: { $0.key != "score" }),
      named.keys.allSatisfy({ $0 == kind.key || ($0 == "score" && kind.key == "label") })
    else { return nil }
    switch (kind.key, kind.value.content) {
    case ("label", .scalar(let label)) where !label.isEmpty:
      guard let score = named["score"].map(Self.number) ?? 0, (0...1).contains(score) else {
        return nil
      }
      self = .label(label, score: score)
    case ("text", .scalar(let text)): self = .text(text)
    case ("values", .sequence(let nodes)), ("embedding", .sequence(let nodes)):
      let numbers = nodes.compactMap(Self.number)
      guard numbers.count == nodes.count, !numbers.isEmpty else { return nil }
      self = kind.key == "values" ? .values(numbers) : .embedding(numbers)
    default: return nil
    }
  }

  private static func number(_ node: YAMLNode) -> Float? {
    guard case .scalar(let text) = node.content, let number = Float(text), number.isFinite else {
      return nil
    }
    return number
  }
}
