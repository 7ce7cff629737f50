package import Models

/// The tensors that a graph takes and gives, and whether they are rows.
package struct GraphSignature: Sendable, Equatable {
  /// An input or output by its name.
  package struct Port: Sendable, Equatable {
    package let name: String
    /// nil for an output that is no tensor, or of which nothing is known.
    package let type: ONNXElementType?
    /// nil where even the rank is open.
    package let shape: [ONNXDimension]?

    package init(_ name: String, _ type: ONNXElementType?, _ shape: [ONNXDimension]?) {
      self.name = name
      self.type = type
      self.shape = shape
    }
  }

  package let inputs: [Port]
  package let outputs: [Port]
  /// Whether the first dimension of every input counts instances: then an instance is one row of
  /// each. Otherwise it is the whole of each.
  package let hasRows: Bool

  package init(inputs: [Port], outputs: [Port]) {
    self.inputs = inputs
    self.outputs = outputs
    hasRows = !inputs.isEmpty && inputs.allSatisfy(\.hasRows)
  }

  /// What is known, and what is said where nothing is.
  private static func merged(
    _ known: [ONNXDimension]?, _ said: [ONNXDimension]?
  ) -> [ONNXDimension]? {
    guard let known, let said, known.count == said.count else { return known ?? said }
    return zip(known, said).map { $0 == .unknown ? $1 : $0 }
  }

  /// What a file says of an output; of a ZipMap's maps that it is one row of their values.
  private static func fact(_ declared: ONNXValueType?, classes: Int) -> GraphFact {
    guard case .sequence(.map(_, .tensor(let value, _)))? = declared else {
      return GraphFact(declared)
    }
    return GraphFact(value, [.unknown, classes > 0 ? .fixed(classes) : .unknown])
  }

  /// - Parameters:
  ///   - declared: what the file says of the outputs, where planning knows nothing.
  ///   - classes: values of a map, if there are maps.
  /// - Throws: where an input is no tensor.
  package init(
    _ plan: GraphPlan, declared: [ONNXValueInfo] = [], classes: Int = 0
  ) throws(InferenceError) {
    let declared = Dictionary(
      declared.map { ($0.name, Self.fact($0.type, classes: classes)) },
      uniquingKeysWith: { first, _ in first })
    var inputs: [Port] = []
    for input in plan.inputs {
      guard case .tensor(let type, let shape)? = input.type else {
        throw InferenceError(
          .invalidModel,
          "the input \(ONNXProblem.shown(input.name)) is no tensor; only those are "
            + "taken from callers")
      }
      inputs.append(Port(input.name, type, shape))
    }
    self.init(
      inputs: inputs,
      outputs: zip(plan.outputNames, plan.outputFacts).map { name, fact in
        Port(
          name, fact.type ?? declared[name]?.type, Self.merged(fact.shape, declared[name]?.shape))
      })
  }
}

extension GraphSignature.Port {
  /// A dimension of any size, or of 1. What has one dimension alone may be a series: that one must
  /// be called a batch.
  fileprivate var hasRows: Bool {
    guard let shape, let first = shape.first else { return false }
    switch first {
    case .fixed(let size): return size == 1 && shape.count > 1
    case .symbolic(let name): return shape.count > 1 || name.lowercased().contains("batch")
    case .unknown: return shape.count > 1
    }
  }

  /// The sizes of one instance, with 1 where any size may stand; nil where the rank is open.
  package var smallest: [Int]? {
    shape?.map { if case .fixed(let size) = $0 { size } else { 1 } }
  }

  /// Whether all sizes but the one that counts instances are known.
  package func isFixed(hasRows: Bool) -> Bool {
    guard let shape else { return false }
    return shape.dropFirst(hasRows ? 1 : 0).allSatisfy {
      if case .fixed = $0 { true } else { false }
    }
  }
}
