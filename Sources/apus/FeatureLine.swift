internal import Messages

/// One row of features as a person writes it:
///
///     row  = cell *("," cell)
///     cell = number / text / quoted text / nothing, where the value is missing
///
/// Quotes are for texts with commas, with blanks around or that look like numbers; a quote within
/// is written twice.
struct FeatureLine {
  private struct Cell {
    let text: String
    var isQuoted = false

    var isMissing: Bool { text.isEmpty && !isQuoted }
    /// One that is missing is one too.
    var number: Float? {
      isMissing ? .nan : Float(text).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  private var cells: [Cell] = []
  /// Whose option it is.
  private let command: String

  init(_ line: String, command: String) throws(UsageError) {
    self.command = command
    var rest = line[...]
    repeat {
      rest = rest.drop { $0 == " " }
      cells.append(try rest.first == "\"" ? quoted(&rest) : plain(&rest))
    } while rest.popFirst() != nil
  }

  private func plain(_ rest: inout Substring) -> Cell {
    let text = rest.prefix { $0 != "," }
    rest = rest.dropFirst(text.count)
    let blanks = text.reversed().prefix { $0 == " " }.count
    return Cell(text: String(text.dropLast(blanks)))
  }

  private func quoted(_ rest: inout Substring) throws(UsageError) -> Cell {
    var text = ""
    rest.removeFirst()
    while let character = rest.popFirst() {
      guard character == "\"" else {
        text.append(character)
        continue
      }
      if rest.first == "\"" {
        text.append(rest.removeFirst())
        continue
      }
      rest = rest.drop { $0 == " " }
      guard rest.isEmpty || rest.first == "," else {
        throw wrong("value \(cells.count + 1) goes on behind its quotes; write one within twice")
      }
      return Cell(text: text, isQuoted: true)
    }
    throw wrong("the quote before value \(cells.count + 1) is never closed")
  }

  private func wrong(_ reason: String) -> UsageError {
    UsageError("--features: \(reason)", command: command)
  }

  // MARK: What becomes of it

  /// Whether some of it means nothing without the model's inputs.
  var hasTexts: Bool { cells.contains { $0.isQuoted || $0.number == nil } }

  /// Numbers in the order of the model's features.
  func numbers() throws(UsageError) -> ApusV1.FeatureRow {
    var row = ApusV1.FeatureRow()
    for (index, cell) in cells.enumerated() {
      guard let number = cell.number else {
        throw wrong("value \(index + 1): expected a number, got `\(cell.text)`")
      }
      row.values.append(number)
    }
    return row
  }

  /// By name, where the inputs of the model are columns.
  func row(for inputs: [ApusV1.TensorInfo]) throws(UsageError) -> ApusV1.FeatureRow {
    guard inputs.contains(where: \.isText), inputs.allSatisfy(\.isColumn) else {
      return try numbers()
    }
    guard inputs.count == cells.count else {
      let features = inputs.map { "\($0.name) (\($0.isText ? "a text" : "a number"))" }
      throw wrong(
        "expected \(inputs.count) values, got \(cells.count); they are "
          + features.joined(separator: ", "))
    }
    var row = ApusV1.FeatureRow()
    for (cell, input) in zip(cells, inputs) {
      if input.isText {
        guard !cell.isMissing else {
          throw wrong("\(input.name): a text cannot be missing; \"\" is an empty one")
        }
        row.texts[input.name] = cell.text
      } else {
        guard let number = cell.number else {
          throw wrong("\(input.name): expected a number, got `\(cell.text)`")
        }
        row.names.append(input.name)
        row.values.append(number)
      }
    }
    return row
  }
}

extension ApusV1.TensorInfo {
  fileprivate var isText: Bool { dataType == .bytes }
  fileprivate var isColumn: Bool { shape.count == 2 && shape[1] == 1 }
}
