internal import Bytes

extension ONNXParser {
  /// Reads a graph and those in its nodes. What is broken is noted and left out.
  mutating func graph(
    _ field: WireField, _ context: ONNXContext
  ) throws(ONNXProblem) -> ONNXGraph {
    guard context.depth <= ONNXModel.Limit.depth else {
      throw ONNXProblem(
        .unsupported, "graphs stand in each other more than \(ONNXModel.Limit.depth) deep")
    }
    let pieces = try split(field, .graph)
    let header: Onnx.GraphProto = try decode(pieces)
    var nodes: [ONNXNode] = []
    var initializers: [ONNXTensor] = []
    var (inputs, outputs, infos): ([ONNXValueInfo], [ONNXValueInfo], [ONNXValueInfo]) = ([], [], [])
    var index = 0
    for field in pieces.walked {
      do throws(ONNXProblem) {
        switch field.number {
        case 1:
          index += 1
          try node(field, index: index, context, into: &nodes)
        case 5:
          let tensor = try tensor(field)
          initializers.append(tensor.named(context.name(tensor.name)))
        case 11: inputs.append(try value(field, context))
        case 12: outputs.append(try value(field, context))
        case 13: infos += try hint(field, context)
        default: throw ONNXProblem(.unsupported, "the graph has sparse initializers")
        }
      } catch { self.error.add(error) }
      if isExhausted { break }
    }
    return ONNXGraph(
      name: header.name ?? "", nodes: nodes, initializers: initializers, inputs: inputs,
      outputs: outputs, valueInfos: infos)
  }

  /// What a file says of a value in between; nothing where that is more than is known here, as
  /// nobody depends on it.
  private mutating func hint(
    _ field: WireField, _ context: ONNXContext
  ) throws(ONNXProblem) -> [ONNXValueInfo] {
    do throws(ONNXProblem) {
      return [try value(field, context)]
    } catch {
      guard error.code == .unsupported else { throw error }
      return []
    }
  }

  private mutating func value(
    _ field: WireField, _ context: ONNXContext
  ) throws(ONNXProblem) -> ONNXValueInfo {
    let info: Onnx.ValueInfoProto = try decode(split(field, .value))
    let name = info.name ?? ""
    do throws(ONNXProblem) {
      return ONNXValueInfo(
        name: context.name(name), type: try info.type.flatMap(ONNXValueType.init))
    } catch {
      throw ONNXProblem(error.code, "the value \(ONNXProblem.shown(name)): \(error.reason)")
    }
  }
}

extension ONNXValueType {
  /// nil where the file leaves the type open.
  init?(_ type: Onnx.TypeProto) throws(ONNXProblem) {
    switch type.value {
    case nil: return nil
    case .tensorType(let tensor):
      guard let element = try Self.element(tensor.elemType) else { return nil }
      self = .tensor(element, shape: try tensor.shape.map(Self.shape))
    case .sparseTensorType(let tensor):
      guard let element = try Self.element(tensor.elemType) else { return nil }
      self = .sparseTensor(element, shape: try tensor.shape.map(Self.shape))
    case .sequenceType(let sequence):
      guard let element = try sequence.elemType.flatMap(Self.init) else { return nil }
      self = .sequence(element)
    case .optionalType(let optional):
      guard let element = try optional.elemType.flatMap(Self.init) else { return nil }
      self = .optional(element)
    case .mapType(let map):
      guard let key = try Self.element(map.keyType),
        let value = try map.valueType.flatMap(Self.init)
      else { return nil }
      self = .map(key: key, value: value)
    }
  }

  private static func element(_ number: Int32?) throws(ONNXProblem) -> ONNXElementType? {
    guard let number, number != 0 else { return nil }
    return try ONNXElementType(number: number)
  }

  private static func shape(
    _ shape: Onnx.TensorShapeProto
  ) throws(ONNXProblem) -> [ONNXDimension] {
    guard shape.dim.count <= ONNXModel.Limit.rank else {
      throw ONNXProblem(
        .unsupported,
        "it has \(shape.dim.count) dimensions; at most \(ONNXModel.Limit.rank) are supported")
    }
    var dimensions: [ONNXDimension] = []
    for dimension in shape.dim {
      switch dimension.value {
      case .dimValue(let value):
        // Some programs write -1 for what they do not know.
        dimensions.append(value < 0 ? .unknown : .fixed(Int(value)))
      case .dimParam(let name): dimensions.append(name.isEmpty ? .unknown : .symbolic(name))
      case nil: dimensions.append(.unknown)
      }
    }
    return dimensions
  }
}

extension ONNXElementType {
  /// The type of that number in the file.
  init(number: Int32) throws(ONNXProblem) {
    guard let type = ONNXElementType(rawValue: number) else {
      throw ONNXProblem(
        .unsupported, "its elements are of the type \(number), which is not known here")
    }
    self = type
  }
}
