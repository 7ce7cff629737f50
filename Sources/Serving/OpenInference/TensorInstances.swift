internal import Bytes
internal import Inference
internal import Messages

/// The tensors of a ModelInfer for a graph: one instance for each row of them or, where the graph
/// has no rows, all of them as one.
struct TensorInstances {
  let request: OpenInference.ModelInferRequest
  let graph: GraphSignature
  let model: String
  let maximum: Int

  func instances() throws(Status) -> [ApusV1.Instance] {
    try checkNames()
    var tensors: [(name: String, tensor: ApusV1.Tensor)] = []
    for (index, input) in request.inputs.enumerated() {
      guard let port = graph.inputs.first(where: { $0.name == input.name }) else { continue }
      tensors.append((input.name, try tensor(input, at: index, port)))
    }
    guard graph.hasRows else { return [Self.instance(tensors)] }
    let count = Int(tensors.first?.tensor.shape.first ?? 0)
    for (index, (_, tensor)) in tensors.enumerated() where tensor.shape.first != Int64(count) {
      throw Validation.invalid(
        "inputs[\(index)].shape",
        "there are \(tensor.shape.first ?? 0) instances; inputs[0] has \(count)")
    }
    guard 1...maximum ~= count else {
      throw Validation.invalid(
        "inputs[0].shape", "expected 1 to \(maximum) instances for model \(model), got \(count)")
    }
    if count == 1 { return [Self.instance(tensors)] }
    return (0..<count).map { row in
      Self.instance(tensors.map { ($0.name, $0.tensor.row(row, of: count)) })
    }
  }

  private static func instance(
    _ tensors: [(name: String, tensor: ApusV1.Tensor)]
  ) -> ApusV1.Instance {
    var named = ApusV1.NamedTensors()
    for (name, tensor) in tensors { named.tensors[name] = tensor }
    return ApusV1.Instance(kind: .tensors(named))
  }

  private func checkNames() throws(Status) {
    let known = graph.inputs.map(\.name)
    var seen: Set<String> = []
    for (index, input) in request.inputs.enumerated() {
      let name = "`\(Validation.shown(input.name))`"
      guard known.contains(input.name) else {
        throw Validation.invalid(
          "inputs[\(index)].name",
          "model \(model) has no input \(name); it takes "
            + known.prefix(16).map { "`\(Validation.shown($0))`" }.joined(separator: ", "))
      }
      guard seen.insert(input.name).inserted else {
        throw Validation.invalid("inputs[\(index)].name", "\(name) is there twice")
      }
    }
    if let port = graph.inputs.first(where: { !seen.contains($0.name) }) {
      throw Validation.invalid("inputs", "no tensor for \(port.shown(rows: graph.hasRows))")
    }
    let raw = request.rawInputContents.count
    guard raw == 0 || raw == request.inputs.count else {
      throw Validation.invalid(
        "raw_input_contents",
        "expected one for each of \(request.inputs.count) inputs, got \(raw)")
    }
  }

  /// A whole tensor, its elements as many as the shape says.
  private func tensor(
    _ input: OpenInference.ModelInferRequest.InferInputTensor, at index: Int,
    _ port: GraphSignature.Port
  ) throws(Status) -> ApusV1.Tensor {
    let field = "inputs[\(index)]"
    var tensor = ApusV1.Tensor()
    guard let datatype = Datatype(rawValue: input.datatype),
      TensorReader.takes(datatype.dataType, port)
    else {
      throw Validation.invalid(
        "\(field).datatype",
        "expected \(port.dataType.name), got `\(Validation.shown(input.datatype))`")
    }
    tensor.dataType = datatype.dataType
    tensor.shape = try shape(input.shape, field, port)
    let contents = input.contents ?? OpenInference.InferTensorContents()
    if !request.rawInputContents.isEmpty {
      guard contents.counts.allSatisfy({ $0.count == 0 }) else {
        throw Validation.invalid(
          "\(field).contents", "there are raw_input_contents too; give one of the two")
      }
      tensor.raw = request.rawInputContents[index]
    }
    tensor.floats = contents.fp32Contents
    tensor.doubles = contents.fp64Contents
    tensor.ints = contents.boolContents.map { $0 ? 1 : 0 } + contents.intContents
    tensor.longs = contents.int64Contents
    tensor.uints = contents.uintContents
    tensor.ulongs = contents.uint64Contents
    tensor.byteStrings = contents.bytesContents
    // What is wrong with the elements is told of the whole tensor, before it is cut.
    let elements = TensorElements(tensor: tensor, field: field)
    return try elements.unpacked(count: tensor.shape.reduce(1) { $0 * Int($1) })
  }

  private func shape(
    _ given: [Int64], _ field: String, _ port: GraphSignature.Port
  ) throws(Status) -> [Int64] {
    let wanted = port.wireShape(rows: graph.hasRows)
    var count: Int64 = 1
    let fits =
      port.shape == nil
      || given.count == wanted.count && zip(given, wanted).allSatisfy { $1 < 0 || $0 == $1 }
    guard fits, given.count <= 32,
      given.allSatisfy({ size in
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        count = product
        return size >= 0 && !overflow && product <= 1 << 40
      })
    else {
      let shown = given.count <= 8 ? "\(given)" : "\(given.count) dimensions"
      throw Validation.invalid(
        "\(field).shape", "expected \(port.shownShape(rows: graph.hasRows)), got \(shown)")
    }
    return given
  }
}

extension Datatype {
  fileprivate var dataType: ApusV1.Tensor.DataType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .fp16: .fp16
    case .bf16: .bf16
    case .fp32: .fp32
    case .fp64: .fp64
    case .bytes: .bytes
    }
  }
}

extension ApusV1.Tensor {
  /// One of `rows` rows, with the dimension that counts them.
  fileprivate func row(_ index: Int, of rows: Int) -> ApusV1.Tensor {
    var row = self
    row.shape[0] = 1
    row.raw = Self.part(raw, index, rows)
    row.floats = Self.part(floats, index, rows)
    row.doubles = Self.part(doubles, index, rows)
    row.ints = Self.part(ints, index, rows)
    row.longs = Self.part(longs, index, rows)
    row.uints = Self.part(uints, index, rows)
    row.ulongs = Self.part(ulongs, index, rows)
    row.byteStrings = Self.part(byteStrings, index, rows)
    return row
  }

  private static func part<Element>(_ all: [Element], _ index: Int, _ rows: Int) -> [Element] {
    let size = all.count / rows
    return Array(all[index * size..<(index + 1) * size])
  }
}
