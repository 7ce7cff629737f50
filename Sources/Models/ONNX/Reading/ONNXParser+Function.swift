internal import Bytes

/// What tells a model's functions apart.
struct FunctionName: Hashable {
  let domain: String
  let name: String
  let overload: String
}

/// An operator that the file defines by others: its head, and where it stands.
struct ONNXFunction {
  let inputs: [String]
  let outputs: [String]
  /// Attributes that a caller may give.
  let parameters: Set<String>
  /// Names of the attributes with a default, in the order of the file.
  let defaults: [String]
  let opsets: [String: Int]
  let field: WireField
}

/// One call of a function, while its nodes are read.
struct ONNXCall {
  /// The caller's names of the function's inputs and outputs.
  let names: [String: String]
  /// What tells the function's other values apart from those of all other calls.
  let suffix: String
  var attributes: [String: ONNXAttribute]
  /// The functions that are being set in, the innermost last.
  let chain: [FunctionName]
}

extension ONNXParser {
  /// Takes note of a function.
  mutating func declare(_ field: WireField) throws(ONNXProblem) {
    let pieces = try split(field, .function)
    let header: Onnx.FunctionProto = try decode(pieces)
    let name = FunctionName(
      domain: Self.domain(header.domain), name: header.name ?? "",
      overload: header.overload ?? "")
    var defaults: [String] = []
    for field in pieces.fields(11) {
      let attribute: Onnx.AttributeProto = try decode(split(field, .attribute))
      defaults.append(attribute.name ?? "")
    }
    let shown = ONNXProblem.shown(name.name)
    guard Set(header.input).count == header.input.count,
      Set(header.output).count == header.output.count,
      Set(header.input).isDisjoint(with: header.output)
    else {
      brokenFunctions.insert(name)
      throw ONNXProblem(
        .malformed, "the function \(shown) has two inputs or outputs of the same name")
    }
    let function = ONNXFunction(
      inputs: header.input, outputs: header.output,
      parameters: Set(header.attribute + defaults), defaults: defaults,
      opsets: try Self.opsets(header.opsetImport), field: field)
    guard functions.updateValue(function, forKey: name) == nil else {
      throw ONNXProblem(.malformed, "the function \(shown) is defined twice")
    }
  }

  /// Sets a function's nodes in for a node that calls it.
  mutating func set(
    _ function: ONNXFunction, _ name: FunctionName, for node: ONNXNode, _ context: ONNXContext,
    into nodes: inout [ONNXNode]
  ) throws(ONNXProblem) {
    let chain = context.call?.chain ?? []
    guard !chain.contains(name) else {
      throw ONNXProblem(.malformed, "the function calls itself")
    }
    guard chain.count < ONNXModel.Limit.calls else {
      throw ONNXProblem(
        .unsupported, "functions call each other more than \(ONNXModel.Limit.calls) deep")
    }
    guard node.inputs.count <= function.inputs.count,
      node.outputs.count <= function.outputs.count
    else {
      throw ONNXProblem(
        .malformed,
        "it has \(node.inputs.count) inputs and \(node.outputs.count) outputs; the function takes "
          + "\(function.inputs.count) and gives \(function.outputs.count)")
    }
    callCount += 1
    let suffix = "@\(callCount)"
    var names: [String: String] = [:]
    for (index, input) in function.inputs.enumerated() {
      names[input] = node.input(index) ?? ""
    }
    for (index, output) in function.outputs.enumerated() {
      names[output] = node.output(index) ?? output + suffix
    }
    var inner = ONNXContext(opsets: function.opsets, depth: context.depth)
    inner.call = ONNXCall(
      names: names, suffix: suffix, attributes: node.attributes, chain: chain + [name])
    let pieces = try split(function.field, .function)
    let arguments = try arguments(function, pieces, of: node, inner)
    inner.call?.attributes = arguments
    for (index, field) in pieces.fields(7).enumerated() {
      do throws(ONNXProblem) {
        try self.node(field, index: index + 1, inner, into: &nodes)
      } catch { self.error.add(error.located(at: node)) }
      if isExhausted { return }
    }
  }

  /// The attributes of a call: the caller's, else the defaults.
  private mutating func arguments(
    _ function: ONNXFunction, _ pieces: WirePieces, of node: ONNXNode, _ context: ONNXContext
  ) throws(ONNXProblem) -> [String: ONNXAttribute] {
    if let unknown = node.attributes.keys.filter({ !function.parameters.contains($0) }).min() {
      throw ONNXProblem(.malformed, "the function has no attribute \(ONNXProblem.shown(unknown))")
    }
    var arguments = node.attributes
    for (name, field) in zip(function.defaults, pieces.fields(11)) where arguments[name] == nil {
      arguments[name] = try attribute(field, context).1
    }
    return arguments
  }
}
