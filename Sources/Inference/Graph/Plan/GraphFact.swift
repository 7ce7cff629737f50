package import Models

/// What is known of a value before anything is computed.
package struct GraphFact: Sendable {
  package var type: ONNXElementType?
  /// nil where even the rank is open.
  package var shape: [ONNXDimension]?
  /// The value, where it is always the same.
  package var constant: GraphValue?

  package init(_ type: ONNXElementType? = nil, _ shape: [ONNXDimension]? = nil) {
    self.type = type
    self.shape = shape
  }

  package init(constant: GraphValue) {
    self.constant = constant
    if case .tensor(let tensor) = constant {
      type = tensor.elementType
      shape = tensor.shape.map { .fixed($0) }
    }
  }

  package init(_ declared: ONNXValueType?) {
    if case .tensor(let type, let shape) = declared {
      self.type = type
      self.shape = shape
    }
  }
}

extension GraphFact {
  /// Throws if there can be no such value, so that shape rules can count with sizes.
  func checked(limit: Int) throws -> GraphFact {
    let sizes = shape?.map { if case .fixed(let size) = $0 { size } else { 1 } }
    _ = try sizes.map { try GraphTensor.count($0, limit: limit) }
    return self
  }
}

/// What is known of a node's inputs.
package struct GraphFacts {
  package let inputs: [GraphFact?]
  /// What constants are made with that a rule finds.
  let context: GraphContext

  init(_ inputs: [GraphFact?], _ context: GraphContext) {
    self.inputs = inputs
    self.context = context
  }

  subscript(index: Int) -> GraphFact {
    index < inputs.count ? inputs[index] ?? GraphFact() : GraphFact()
  }

  func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// The integers of an input that is constant.
  func ints(_ index: Int) -> [Int]? {
    guard case .tensor(let tensor)? = self[index].constant else { return nil }
    return try? tensor.ints()
  }
}

extension [ONNXDimension] {
  /// The sizes, if all are known.
  var fixed: [Int]? {
    var sizes: [Int] = []
    for case .fixed(let size) in self { sizes.append(size) }
    return sizes.count == count ? sizes : nil
  }

  static func unknown(_ rank: Int) -> [ONNXDimension] {
    Array(repeating: .unknown, count: rank)
  }

  /// What two shapes become that are stretched to each other.
  func stretched(to other: [ONNXDimension]) throws -> [ONNXDimension] {
    let rank = Swift.max(count, other.count)
    return try (0..<rank).map { axis in
      let a = axis + count - rank
      let b = axis + other.count - rank
      return try (a < 0 ? .fixed(1) : self[a]).stretched(to: b < 0 ? .fixed(1) : other[b])
    }
  }
}

extension ONNXDimension {
  func stretched(to other: ONNXDimension) throws -> ONNXDimension {
    switch (self, other) {
    case (.fixed(1), _): return other
    case (_, .fixed(1)): return self
    case (.fixed(let a), .fixed(let b)):
      guard a == b else {
        throw GraphError("sizes \(a) and \(b) cannot be stretched to each other")
      }
      return self
    case (.fixed, _): return self
    case (_, .fixed): return other
    default: return self == other && self != .unknown ? self : .unknown
    }
  }

  /// Of two dimensions that must be the same, the one that says more.
  func merged(with other: ONNXDimension) throws -> ONNXDimension {
    if case .fixed(let a) = self, case .fixed(let b) = other, a != b {
      throw GraphError("sizes \(a) and \(b) must be the same")
    }
    if case .fixed = self { return self }
    return other == .unknown ? self : other
  }
}
