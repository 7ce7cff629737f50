// Attributes by name and kind. One of another kind is an error that names node and attribute; a
// missing one is nil, the default or, with `required`, an error.
extension ONNXNode {
  package func int(_ name: String) throws(ONNXProblem) -> Int64? {
    guard let attribute = attributes[name] else { return nil }
    guard case .int(let value) = attribute else { throw wrong(name, attribute, "an integer") }
    return value
  }

  package func int(_ name: String, default fallback: Int64) throws(ONNXProblem) -> Int64 {
    try int(name) ?? fallback
  }

  /// An integer other than 0 is true.
  package func flag(_ name: String, default fallback: Bool) throws(ONNXProblem) -> Bool {
    try int(name).map { $0 != 0 } ?? fallback
  }

  package func float(_ name: String) throws(ONNXProblem) -> Float? {
    guard let attribute = attributes[name] else { return nil }
    guard case .float(let value) = attribute else { throw wrong(name, attribute, "a float") }
    return value
  }

  package func float(_ name: String, default fallback: Float) throws(ONNXProblem) -> Float {
    try float(name) ?? fallback
  }

  package func text(_ name: String) throws(ONNXProblem) -> String? {
    guard let attribute = attributes[name] else { return nil }
    guard case .string(let bytes) = attribute,
      let text = String(validating: bytes, as: UTF8.self)
    else { throw wrong(name, attribute, "a text in UTF-8") }
    return text
  }

  package func text(_ name: String, default fallback: String) throws(ONNXProblem) -> String {
    try text(name) ?? fallback
  }

  package func ints(_ name: String) throws(ONNXProblem) -> [Int64]? {
    guard let attribute = attributes[name] else { return nil }
    guard case .ints(let values) = attribute else { throw wrong(name, attribute, "integers") }
    return values
  }

  package func floats(_ name: String) throws(ONNXProblem) -> [Float]? {
    guard let attribute = attributes[name] else { return nil }
    guard case .floats(let values) = attribute else { throw wrong(name, attribute, "floats") }
    return values
  }

  package func strings(_ name: String) throws(ONNXProblem) -> [[UInt8]]? {
    guard let attribute = attributes[name] else { return nil }
    guard case .strings(let values) = attribute else { throw wrong(name, attribute, "texts") }
    return values
  }

  package func tensor(_ name: String) throws(ONNXProblem) -> ONNXTensor? {
    guard let attribute = attributes[name] else { return nil }
    guard case .tensor(let value) = attribute else { throw wrong(name, attribute, "a tensor") }
    return value
  }

  package func graph(_ name: String) throws(ONNXProblem) -> ONNXGraph? {
    guard let attribute = attributes[name] else { return nil }
    guard case .graph(let value) = attribute else { throw wrong(name, attribute, "a graph") }
    return value
  }

  /// What an optional getter gave, which must be there: `try required("body", graph("body"))`.
  package func required<Value>(_ name: String, _ value: Value?) throws(ONNXProblem) -> Value {
    guard let value else { throw problem(.malformed, "the attribute \(name) is missing") }
    return value
  }

  private func wrong(_ name: String, _ found: ONNXAttribute, _ wanted: String) -> ONNXProblem {
    problem(.malformed, "the attribute \(name) must be \(wanted), found \(found.kind)")
  }
}
