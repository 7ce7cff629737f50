internal import Bytes

/// One thing that is wrong with a model.
package struct ONNXProblem: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: ModelError.Code
  /// The node's name or first output; empty where it concerns no node.
  package let node: String
  /// Its operator.
  package let operation: String
  package let reason: String

  package init(
    _ code: ModelError.Code, node: String = "", operation: String = "", _ reason: String
  ) {
    self.code = code
    self.node = node
    self.operation = operation
    self.reason = reason
  }

  package var description: String {
    operation.isEmpty
      ? reason : "node \(Self.shown(node)) (\(Self.shown(operation))): \(reason)"
  }

  /// A name out of a file, on one line and not too long.
  package static func shown(_ name: String) -> String {
    var line: [UInt8] = []
    for scalar in VisibleText.shortened(name, bytes: 128).unicodeScalars {
      VisibleText.append(scalar, to: &line)
    }
    return line.isEmpty ? "\"\"" : String(decoding: line, as: UTF8.self)
  }
}

/// Why a model is refused: all that is wrong with it.
package struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  package let path: String
  /// In the order in which they were found, no more than `limit`.
  package private(set) var problems: [ONNXProblem] = []
  /// Problems that are not listed.
  package private(set) var unlisted = 0

  package static let limit = 64

  package init(path: String) { self.path = path }

  /// Takes note of a problem, once.
  package mutating func add(_ problem: ONNXProblem) {
    if problems.contains(problem) { return }
    if problems.count < Self.limit { problems.append(problem) } else { unlisted += 1 }
  }

  package var isEmpty: Bool { problems.isEmpty }

  package func throwIfAny() throws(ONNXError) {
    if !isEmpty { throw self }
  }

  /// As the other formats' errors are: one text, and malformed if anything is.
  package var modelError: ModelError {
    let codes = problems.map(\.code)
    let code: ModelError.Code =
      codes.contains(.malformed)
      ? .malformed : codes.contains(.unreadable) ? .unreadable : .unsupported
    let texts = problems.map(\.description) + (unlisted > 0 ? ["and \(unlisted) more"] : [])
    let count = problems.count + unlisted
    return ModelError(
      code, path,
      "ONNX: " + (count > 1 ? "\(count) problems: " : "") + texts.joined(separator: "; "))
  }

  package var description: String { modelError.description }
}
