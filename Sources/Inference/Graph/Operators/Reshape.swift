internal import Models

/// The same elements in another shape: 0 keeps a size (unless `allowzero`), -1 is what remains.
struct Reshape: GraphOperator {
  let allowsZero: Bool

  static let entries = [
    OperatorEntry("Reshape") { node, _ in
      Reshape(allowsZero: try node.flag("allowzero", default: false))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let wanted = inputs.ints(1) else {
      guard case .fixed(let rank)? = inputs[1].shape?.first else {
        return [GraphFact(inputs[0].type)]
      }
      return [GraphFact(inputs[0].type, rank <= 32 ? .unknown(rank) : nil)]
    }
    let given = inputs[0].shape
    var shape = wanted.enumerated().map { axis, size -> ONNXDimension in
      if size == 0 && !allowsZero {
        return given.map { axis < $0.count ? $0[axis] : .unknown } ?? .unknown
      }
      return size < 0 ? .unknown : .fixed(size)
    }
    // What remains is known where all else is, or where the open sizes are kept.
    if let open = wanted.firstIndex(of: -1), let given {
      var (left, right) = (given, shape)
      right.remove(at: open)
      for dimension in right where dimension != .unknown {
        guard let same = left.firstIndex(of: dimension) else { continue }
        left.remove(at: same)
        right.remove(at: right.firstIndex(of: dimension) ?? 0)
      }
      if let total = left.fixed, let known = right.fixed {
        let product = known.product
        if product > 0, total.product % product == 0 {
          shape[open] = .fixed(total.product / product)
        }
      }
    }
    return [GraphFact(inputs[0].type, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    var shape = try inputs.tensor(1).ints()
    for (axis, size) in shape.enumerated() where size == 0 && !allowsZero {
      guard axis < x.rank else { throw GraphError("size 0 keeps a dimension that is not there") }
      shape[axis] = x.shape[axis]
    }
    return .tensors(try Self.reshaped(x, shape))
  }

  /// - Parameter shape: may have one -1.
  static func reshaped(_ x: GraphTensor, _ wanted: [Int]) throws -> GraphTensor {
    var shape = wanted
    if let open = shape.firstIndex(of: -1) {
      shape[open] = 1
      let rest = try GraphTensor.count(shape, limit: Int.max)
      guard rest > 0, x.count % rest == 0 else {
        throw GraphError("the shape \(x.shape) cannot become \(wanted)")
      }
      shape[open] = x.count / rest
    }
    guard try GraphTensor.count(shape, limit: Int.max) == x.count else {
      throw GraphError("the shape \(x.shape) cannot become \(wanted)")
    }
    return GraphTensor(x, shape: shape)
  }
}

/// All dimensions before an axis as one, and all from it on.
struct Flatten: GraphOperator {
  let axis: Int

  static let entries = [
    OperatorEntry("Flatten") { node, _ in Flatten(axis: Int(try node.int("axis", default: 1))) }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else { return [GraphFact(inputs[0].type, .unknown(2))] }
    let axis = try place(rank: shape.count)
    return [
      GraphFact(inputs[0].type, [Self.product(shape[..<axis]), Self.product(shape[axis...])])
    ]
  }

  private static func product(_ part: ArraySlice<ONNXDimension>) -> ONNXDimension {
    let open = part.filter { if case .fixed = $0 { false } else { true } }
    if open.isEmpty { return .fixed(Array(part).fixed?.product ?? 0) }
    return part.count == 1 ? open[0] : .unknown
  }

  private func place(rank: Int) throws -> Int {
    guard axis >= -rank, axis <= rank else { throw GraphError("axis \(axis) of \(rank)") }
    return axis < 0 ? axis + rank : axis
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axis = try place(rank: x.rank)
    return .tensors(
      GraphTensor(x, shape: [x.shape[..<axis].product, x.shape[axis...].product]))
  }
}
