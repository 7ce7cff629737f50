internal import Inference
internal import Messages
internal import Models

/// Features that are columns of a graph, by their names.
struct FeatureColumns: Sendable {
  /// What a row has for a column.
  enum Value {
    case number(Float)
    case text(String)
  }

  let ports: [GraphSignature.Port]
  private let names: [String]
  /// By its name.
  private let places: [String: Int]

  init(_ ports: [GraphSignature.Port]) {
    self.ports = ports
    names = ports.map(\.name)
    places = Dictionary(zip(names, names.indices)) { first, _ in first }
  }

  /// The values of a row in the order of the columns, after it has been checked that every column
  /// has its number or text and nothing is there besides.
  func values(of row: ApusV1.FeatureRow, _ field: String) throws(Status) -> [Value] {
    let isOrdered = row.names.isEmpty && row.texts.isEmpty
    guard !isOrdered || row.values.count == ports.count else {
      throw Validation.invalid(field, "expected \(ports.count) values, got \(row.values.count)")
    }
    let given = isOrdered ? names : row.names
    guard given.count == row.values.count else {
      throw Validation.invalid(
        "\(field).names",
        "expected one for each of \(row.values.count) values, got \(given.count)")
    }
    var values = [Value?](repeating: nil, count: ports.count)
    for (name, number) in zip(given, row.values) {
      let place = try place(of: name, field)
      guard values[place] == nil, row.texts[name] == nil else {
        throw Validation.invalid("\(field).names", "\(Self.list([name])) is there twice")
      }
      values[place] = .number(number)
    }
    // Sorted, so that of several mistakes always the same one is told.
    for (name, text) in row.texts.sorted(by: { $0.key < $1.key }) {
      values[try place(of: name, field)] = .text(text)
    }
    return try checked(values, field)
  }

  private func place(of name: String, _ field: String) throws(Status) -> Int {
    if let place = places[name] { return place }
    let meant = Suggestion.nearest(to: name, among: names)
    throw Validation.invalid(
      "\(field).names",
      "there is no feature \(Self.list([name])); "
        + (meant.map { "did you mean \(Self.list([$0]))?" }
          ?? "features are \(Self.list(names))"))
  }

  private func checked(_ values: [Value?], _ field: String) throws(Status) -> [Value] {
    var found: [Value] = []
    found.reserveCapacity(values.count)
    for (port, value) in zip(ports, values) {
      let mistake: String? =
        switch value {
        case .text where port.type != .string: "expected a number, got a text"
        case .number(let number) where port.type == .string:
          number.isNaN
            ? #"the text is missing; "" is an empty one"# : "expected a text, got a number"
        default: nil
        }
      if let mistake {
        throw Validation.invalid("\(field).\(Validation.shown(port.name))", mistake)
      }
      if let value { found.append(value) }
    }
    guard found.count == ports.count else {
      let missing = zip(names, values).filter { $0.1 == nil }.map(\.0)
      throw Validation.invalid(field, "no value for \(Self.list(missing))")
    }
    return found
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(16).map { "\"\(Validation.shown($0))\"" }.joined(separator: ", ")
    return names.count > 16 ? "\(shown) and \(names.count - 16) more" : shown
  }
}
