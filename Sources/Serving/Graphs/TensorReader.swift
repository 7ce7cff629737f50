internal import Inference
internal import Messages
internal import Models

/// Checks named tensors of a caller against what a graph takes, and makes its inputs of them.
struct TensorReader {
  let model: String
  let signature: GraphSignature
  let budget: MemoryBudget

  /// - Parameter field: what errors call the instance: `instances[0].tensors`.
  func inputs(
    _ named: ApusV1.NamedTensors, _ field: String
  ) throws(Status) -> GraphBackend.Input {
    let names = signature.inputs.map(\.name)
    if let other = named.tensors.keys.filter({ !names.contains($0) }).min() {
      let meant = Suggestion.nearest(to: other, among: names)
      throw Validation.invalid(
        field,
        "model \(model) has no input `\(Validation.shown(other))`; "
          + (meant.map { "did you mean `\(Validation.shown($0))`?" } ?? "it takes \(shown)"))
    }
    var values: [GraphTensor] = []
    for port in signature.inputs {
      guard let tensor = named.tensors[port.name] else {
        throw Validation.invalid(
          field, "no tensor for the input \(port.shown(rows: signature.hasRows))")
      }
      values.append(try value(tensor, port, "\(field).\(Validation.shown(port.name))"))
    }
    return GraphBackend.Input(values)
  }

  private var shown: String {
    signature.inputs.prefix(8).map { $0.shown(rows: signature.hasRows) }.joined(separator: ", ")
      + (signature.inputs.count > 8 ? " and \(signature.inputs.count - 8) more" : "")
  }

  private func value(
    _ tensor: ApusV1.Tensor, _ port: GraphSignature.Port, _ field: String
  ) throws(Status) -> GraphTensor {
    let type = port.type ?? .float
    guard Self.takes(tensor.dataType, port) else {
      throw Validation.invalid(
        "\(field).data_type", "expected \(port.dataType.name), got \(tensor.dataType.name)")
    }
    let shape = try Self.shape(tensor.shape, port, rows: signature.hasRows, field)
    return try TensorElements(tensor: tensor, field: field).graphTensor(type, shape, budget)
  }

  /// Floats of 16 bits may come as they are, or as FP32.
  static func takes(_ given: ApusV1.Tensor.DataType, _ port: GraphSignature.Port) -> Bool {
    given == port.dataType || given.elementType == port.type
  }

  static func shape(
    _ given: [Int64], _ port: GraphSignature.Port, rows: Bool, _ field: String
  ) throws(Status) -> [Int] {
    let sizes = given.compactMap { Int(exactly: $0) }
    if given.count <= 32, sizes.count == given.count, sizes.allSatisfy({ $0 >= 0 }),
      let shape = port.instanceShape(sizes, rows: rows)
    {
      return shape
    }
    let shown = given.count <= 8 ? "\(given)" : "\(given.count) dimensions"
    guard rows else {
      let expected = port.shownShape(rows: false)
      throw Validation.invalid("\(field).shape", "expected \(expected), got \(shown)")
    }
    func text(_ head: [ONNXDimension]) -> String {
      let shape = port.shape.map { head + $0.dropFirst() }
      return GraphSignature.Port(port.name, port.type, shape).shownShape(rows: false)
    }
    throw Validation.invalid(
      "\(field).shape",
      "expected \(text([.fixed(1)])) or \(text([])), one row for each instance, got \(shown)")
  }
}
