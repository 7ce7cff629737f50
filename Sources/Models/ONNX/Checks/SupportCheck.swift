/// Asks of every node and type whether it can be computed, and notes all that cannot.
struct SupportCheck<Support: ONNXSupport> {
  let support: Support
  var error: ONNXError

  mutating func graph(_ graph: ONNXGraph, isMain: Bool = false) {
    for tensor in graph.initializers where !support.supports(tensor.elementType) {
      refuse(tensor.elementType, "the initializer \(ONNXProblem.shown(tensor.name))")
    }
    if isMain {
      for input in graph.inputs {
        let title = "the input \(ONNXProblem.shown(input.name))"
        if input.type == nil {
          error.add(ONNXProblem(.malformed, "\(title) does not say of which type it is"))
        }
        type(input.type, title)
      }
      for output in graph.outputs {
        type(output.type, "the output \(ONNXProblem.shown(output.name))")
      }
    }
    for node in graph.nodes { self.node(node) }
  }

  private mutating func node(_ node: ONNXNode) {
    if let problem = operatorSet(of: node) {
      error.add(problem)
    } else if let reason = support.refusal(of: node) {
      error.add(node.problem(.unsupported, reason))
    }
    for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
      switch attribute {
      case .tensor(let tensor): self.tensors([tensor], name, node)
      case .tensors(let tensors): self.tensors(tensors, name, node)
      case .graph(let inner): graph(inner)
      case .graphs(let graphs): for inner in graphs { graph(inner) }
      case .float, .int, .string, .floats, .ints, .strings, .type, .types: break
      }
    }
  }

  /// What is wrong with where a node's operator comes from.
  private func operatorSet(of node: ONNXNode) -> ONNXProblem? {
    let domain = node.domain.isEmpty ? "ai.onnx" : node.domain
    guard let versions = ONNXModel.opsets[node.domain] else {
      return node.problem(
        .unsupported,
        "the operator set is not known; ai.onnx, ai.onnx.ml and com.microsoft are, and functions "
          + "that the file defines")
    }
    if node.version == 0 {
      return ONNXProblem(
        .malformed, "the operator set \(domain) is used and not imported with a version")
    }
    guard versions.contains(node.version) else {
      return ONNXProblem(
        .unsupported,
        "version \(node.version) of the operator set \(domain); \(versions.lowerBound) to "
          + "\(versions.upperBound) are supported")
    }
    return nil
  }

  private mutating func tensors(_ tensors: [ONNXTensor], _ attribute: String, _ node: ONNXNode) {
    for tensor in tensors where !support.supports(tensor.elementType) {
      error.add(
        node.problem(
          .unsupported,
          "its attribute \(ONNXProblem.shown(attribute)) is \(tensor.elementType.name), "
            + "which is not supported"))
    }
  }

  private mutating func type(_ type: ONNXValueType?, _ title: String) {
    switch type {
    case nil: break
    case .tensor(let element, _):
      if !support.supports(element) { refuse(element, title) }
    case .sparseTensor:
      error.add(ONNXProblem(.unsupported, "\(title) is a sparse tensor, which is not supported"))
    case .sequence(let inner), .optional(let inner): self.type(inner, title)
    case .map(let key, let value):
      if !support.supports(key) { refuse(key, title) }
      self.type(value, title)
    }
  }

  private mutating func refuse(_ type: ONNXElementType, _ title: String) {
    error.add(ONNXProblem(.unsupported, "\(title) is \(type.name), which is not supported"))
  }
}
