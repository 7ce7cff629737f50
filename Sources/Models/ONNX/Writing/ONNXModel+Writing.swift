internal import Bytes

extension ONNXModel {
  /// Most bytes of a file: protobuf's messages end there, and we write no external data.
  package static let writingLimit = Int(Int32.max)

  /// The model as a file has it. What it took from elsewhere is in it: weights out of external
  /// data, and the bodies of functions.
  ///
  /// - Throws: where the model does not fit one file.
  package func encoded() throws(ModelError) -> [UInt8] {
    var measured = WireWriter()
    try write(to: &measured)
    guard measured.count <= Self.writingLimit else {
      throw ModelError(
        .unsupported, path,
        "it would take \(measured.count) bytes; a file without external data has at most 2 GiB, "
          + "and no other is written")
    }
    var made = WireWriter(after: measured)
    try write(to: &made)
    return made.bytes
  }

  private func write(to model: inout WireWriter) throws(ModelError) {
    let writer = ModelWriter(path: path, opsets: opsets)
    model.field(1, Int64(irVersion))
    model.optional(2, producer)
    model.optional(3, producerVersion)
    try model.field(7) { inner throws(ModelError) in try writer.write(graph, to: &inner) }
    for (domain, version) in opsets.sorted(by: { $0.key < $1.key }) {
      model.field(8) { entry in
        entry.optional(1, domain)
        entry.field(2, Int64(version))
      }
    }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      model.field(14) { entry in
        entry.field(1, key)
        entry.field(2, value)
      }
    }
  }
}

/// Writes the parts of a model; numbers of fields are those of onnx.proto.
private struct ModelWriter {
  let path: String
  let opsets: [String: Int]

  func write(_ graph: ONNXGraph, to out: inout WireWriter) throws(ModelError) {
    for node in graph.nodes {
      try out.field(1) { inner throws(ModelError) in try write(node, to: &inner) }
    }
    out.field(2, graph.name)
    for tensor in graph.initializers { out.field(5) { Self.write(tensor, to: &$0) } }
    for (number, infos) in [(11, graph.inputs), (12, graph.outputs), (13, graph.valueInfos)] {
      for info in infos {
        out.field(number) { inner in
          inner.field(1, info.name)
          if let type = info.type { inner.field(2) { Self.write(type, to: &$0) } }
        }
      }
    }
  }

  private func write(_ node: ONNXNode, to out: inout WireWriter) throws(ModelError) {
    // A file says the version of an operator set once, for all nodes but those of functions.
    guard opsets[node.domain] == node.version else {
      throw ModelError(
        .unsupported, path,
        "node \(ONNXProblem.shown(node.label)) is of version \(node.version) of its operator set, "
          + "other nodes of another one; export the model without functions")
    }
    for name in node.inputs { out.field(1, name) }
    for name in node.outputs { out.field(2, name) }
    out.optional(3, node.name)
    out.field(4, node.operation)
    for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
      try out.field(5) { inner throws(ModelError) in
        inner.field(1, name)
        try write(attribute, to: &inner)
      }
    }
    out.optional(7, node.domain)
  }

  private func write(
    _ attribute: ONNXAttribute, to out: inout WireWriter
  ) throws(ModelError) {
    switch attribute {
    case .float(let value): out.field(2, value)
    case .int(let value): out.field(3, value)
    case .string(let value): out.field(4, value)
    case .tensor(let value): out.field(5) { Self.write(value, to: &$0) }
    case .graph(let value):
      try out.field(6) { inner throws(ModelError) in try write(value, to: &inner) }
    case .floats(let values): out.packed(7, values)
    case .ints(let values): out.packed(8, values)
    case .strings(let values): for value in values { out.field(9, value) }
    case .tensors(let values):
      for value in values { out.field(10) { Self.write(value, to: &$0) } }
    case .graphs(let values):
      for value in values {
        try out.field(11) { inner throws(ModelError) in try write(value, to: &inner) }
      }
    case .type(let value): out.field(14) { Self.write(value, to: &$0) }
    case .types(let values): for value in values { out.field(15) { Self.write(value, to: &$0) } }
    }
    out.field(20, attribute.number)
  }

  private static func write(_ tensor: ONNXTensor, to out: inout WireWriter) {
    out.packed(1, tensor.shape.map { Int64($0) })
    out.field(2, Int64(tensor.elementType.rawValue))
    for text in tensor.strings { out.field(6, text) }
    out.optional(8, tensor.name)
    if tensor.elementType != .string { out.field(9, tensor.bytes) }
  }

  private static func write(_ type: ONNXValueType, to out: inout WireWriter) {
    switch type {
    case .tensor(let element, let shape), .sparseTensor(let element, let shape):
      let isSparse = if case .sparseTensor = type { true } else { false }
      out.field(isSparse ? 8 : 1) { inner in
        inner.field(1, Int64(element.rawValue))
        if let shape { inner.field(2) { write(shape, to: &$0) } }
      }
    case .sequence(let element): out.field(4) { $0.field(1) { write(element, to: &$0) } }
    case .map(let key, let value):
      out.field(5) { inner in
        inner.field(1, Int64(key.rawValue))
        inner.field(2) { write(value, to: &$0) }
      }
    case .optional(let element): out.field(9) { $0.field(1) { write(element, to: &$0) } }
    }
  }

  private static func write(_ shape: [ONNXDimension], to out: inout WireWriter) {
    for dimension in shape {
      out.field(1) { inner in
        switch dimension {
        case .fixed(let size): inner.field(1, Int64(size))
        case .symbolic(let name): inner.field(2, name)
        case .unknown: break
        }
      }
    }
  }
}

extension ONNXAttribute {
  /// The format's number of the kind (AttributeProto.AttributeType).
  fileprivate var number: Int64 {
    switch self {
    case .float: 1
    case .int: 2
    case .string: 3
    case .tensor: 4
    case .graph: 5
    case .floats: 6
    case .ints: 7
    case .strings: 8
    case .tensors: 9
    case .graphs: 10
    case .type: 13
    case .types: 14
    }
  }
}
