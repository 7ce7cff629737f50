internal import Inference
internal import Messages
internal import Models

/// Features that are columns of a graph, by their names.
struct FeatureColumns {
  private let ports: [GraphSignature.Port]

  init(_ ports: [GraphSignature.Port]) { self.ports = ports }

  /// The numbers of a row by their columns, after it has been checked that every column has its
  /// number or text and nothing is there besides.
  func numbers(
    of row: ApusV1.FeatureRow, _ field: String
  ) throws(Status) -> [String: Float] {
    var names = row.names
    if names.isEmpty, row.texts.isEmpty {
      guard row.values.count == ports.count else {
        throw Validation.invalid(field, "expected \(ports.count) values, got \(row.values.count)")
      }
      names = ports.map(\.name)
    }
    guard names.count == row.values.count else {
      throw Validation.invalid(
        "\(field).names",
        "expected one for each of \(row.values.count) values, got \(names.count)")
    }
    var numbers: [String: Float] = [:]
    for (name, value) in zip(names, row.values) {
      guard numbers.updateValue(value, forKey: name) == nil, row.texts[name] == nil else {
        throw Validation.invalid("\(field).names", "\(Self.list([name])) is there twice")
      }
    }
    try check(numbers, row, field)
    return numbers
  }

  private func check(
    _ numbers: [String: Float], _ row: ApusV1.FeatureRow, _ field: String
  ) throws(Status) {
    let known = ports.map(\.name)
    for name in row.names + row.texts.keys.sorted() where !known.contains(name) {
      let meant = Suggestion.nearest(to: name, among: known)
      throw Validation.invalid(
        "\(field).names",
        "there is no feature \(Self.list([name])); "
          + (meant.map { "did you mean \(Self.list([$0]))?" }
            ?? "features are \(Self.list(known))"))
    }
    for port in ports {
      let isText = port.type == .string
      guard isText ? numbers[port.name] == nil : row.texts[port.name] == nil else {
        throw Validation.invalid(
          "\(field).\(Validation.shown(port.name))",
          isText ? "expected a text, got a number" : "expected a number, got a text")
      }
    }
    let missing = known.filter { numbers[$0] == nil && row.texts[$0] == nil }
    guard missing.isEmpty else {
      throw Validation.invalid(field, "no value for \(Self.list(missing))")
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(16).map { "\"\(Validation.shown($0))\"" }.joined(separator: ", ")
    return names.count > 16 ? "\(shown) and \(names.count - 16) more" : shown
  }
}
