internal import Bytes

extension ONNXParser {
  /// Reads a node, or those of the function that it calls.
  mutating func node(
    _ field: WireField, index: Int, _ context: ONNXContext, into nodes: inout [ONNXNode]
  ) throws(ONNXProblem) {
    try charge()
    let pieces: WirePieces
    let header: Onnx.NodeProto
    do throws(ONNXProblem) {
      pieces = try split(field, .node)
      header = try decode(pieces)
    } catch { throw ONNXProblem(error.code, "node \(index): \(error.reason)") }
    let domain = Self.domain(header.domain)
    var node = ONNXNode(
      name: header.name ?? "", domain: domain, operation: header.opType ?? "",
      version: context.opsets[domain] ?? 0, inputs: header.input.map(context.name),
      outputs: header.output.map(context.name))
    guard !node.operation.isEmpty else {
      throw ONNXProblem(.malformed, "node \(index) (\(node.label)) has no operator")
    }
    node = node.with(attributes: try attributes(pieces, of: node, context))
    let name = FunctionName(
      domain: domain, name: node.operation, overload: header.overload ?? "")
    if let function = functions[name] {
      do throws(ONNXProblem) {
        try set(function, name, for: node, context, into: &nodes)
      } catch { throw error.located(at: node) }
    } else if brokenFunctions.contains(name) {
      return
    } else if name.overload.isEmpty {
      nodes.append(node)
    } else {
      throw node.problem(.malformed, "there is no function for its overload \(name.overload)")
    }
  }

  /// Reads a node's attributes; one that is broken is noted as the node's and left out.
  private mutating func attributes(
    _ pieces: WirePieces, of node: ONNXNode, _ context: ONNXContext
  ) throws(ONNXProblem) -> [String: ONNXAttribute] {
    guard pieces.walked.count <= ONNXModel.Limit.attributes else {
      throw node.problem(
        .unsupported,
        "it has \(pieces.walked.count) attributes; at most \(ONNXModel.Limit.attributes) are "
          + "supported")
    }
    var attributes: [String: ONNXAttribute] = [:]
    for field in pieces.walked {
      do throws(ONNXProblem) {
        let (name, value) = try attribute(field, context)
        // Of a function's attribute that its caller leaves out there is nothing to say.
        guard let value else { continue }
        guard attributes.updateValue(value, forKey: name) == nil else {
          throw ONNXProblem(.malformed, "it has the attribute \(name) twice")
        }
      } catch { self.error.add(error.located(at: node)) }
      if isExhausted { break }
    }
    return attributes
  }

  /// Reads an attribute: its name, and its value unless that is one that a caller leaves out.
  mutating func attribute(
    _ field: WireField, _ context: ONNXContext
  ) throws(ONNXProblem) -> (String, ONNXAttribute?) {
    let pieces = try split(field, .attribute)
    let header: Onnx.AttributeProto = try decode(pieces)
    guard let name = header.name, !name.isEmpty else {
      throw ONNXProblem(.malformed, "an attribute has no name")
    }
    if let reference = header.refAttrName, !reference.isEmpty {
      guard let call = context.call else {
        throw ONNXProblem(
          .malformed, "the attribute \(name) refers to a function's, and there is no function")
      }
      return (name, call.attributes[reference])
    }
    do throws(ONNXProblem) {
      return (name, try value(header, pieces, context))
    } catch {
      guard error.operation.isEmpty else { throw error }
      throw ONNXProblem(error.code, "the attribute \(ONNXProblem.shown(name)): \(error.reason)")
    }
  }

  private mutating func value(
    _ header: Onnx.AttributeProto, _ pieces: WirePieces, _ context: ONNXContext
  ) throws(ONNXProblem) -> ONNXAttribute {
    var inner = context
    inner.depth += 1
    switch header.type ?? .undefined {
    // Some programs leave out what is zero or empty.
    case .float: return .float(header.f ?? 0)
    case .int: return .int(header.i ?? 0)
    case .string: return .string(header.s ?? [])
    case .floats: return .floats(header.floats)
    case .ints: return .ints(header.ints)
    case .strings: return .strings(header.strings)
    case .tensor:
      guard let field = try pieces.field(5) else { throw missing }
      return .tensor(try tensor(field))
    case .graph:
      guard let field = try pieces.field(6) else { throw missing }
      return .graph(try graph(field, inner))
    case .tensors:
      var tensors: [ONNXTensor] = []
      for field in pieces.fields(10) { tensors.append(try tensor(field)) }
      return .tensors(tensors)
    case .graphs:
      var graphs: [ONNXGraph] = []
      for field in pieces.fields(11) { graphs.append(try graph(field, inner)) }
      return .graphs(graphs)
    case .typeProto:
      guard let type = try header.tp.flatMap(ONNXValueType.init) else { throw missing }
      return .type(type)
    case .typeProtos:
      var types: [ONNXValueType] = []
      for proto in header.typeProtos {
        guard let type = try ONNXValueType(proto) else { throw missing }
        types.append(type)
      }
      return .types(types)
    case .sparseTensor, .sparseTensors:
      throw ONNXProblem(.unsupported, "sparse tensors are not supported")
    case .undefined: throw ONNXProblem(.malformed, "it does not say of which type it is")
    case .unrecognized(let number):
      throw ONNXProblem(.unsupported, "it is of the type \(number), which is not known here")
    }
  }

  private var missing: ONNXProblem { ONNXProblem(.malformed, "its value is missing") }
}

extension ONNXNode {
  func with(attributes: [String: ONNXAttribute]) -> ONNXNode {
    ONNXNode(
      name: name, domain: domain, operation: operation, version: version, inputs: inputs,
      outputs: outputs, attributes: attributes)
  }
}

extension ONNXProblem {
  /// The same as a node's, unless it is one's already.
  func located(at node: ONNXNode) -> ONNXProblem {
    operation.isEmpty ? node.problem(code, reason) : self
  }
}
