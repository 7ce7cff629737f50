internal import Models

/// Tensors one after the other along an axis.
struct Concat: GraphOperator {
  let axis: Int

  static let entries = [
    OperatorEntry("Concat") { node, _ in
      Concat(axis: Int(clamping: try node.required("axis", node.int("axis"))))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard var shape = inputs[0].shape else { return [GraphFact(inputs[0].type)] }
    let axis = try Axes.normalized(self.axis, rank: shape.count)
    for index in inputs.inputs.indices.dropFirst() {
      guard let next = inputs[index].shape else {
        shape[axis] = .unknown
        continue
      }
      guard next.count == shape.count else { throw GraphError("its inputs differ in rank") }
      for other in shape.indices where other != axis {
        shape[other] = try shape[other].merged(with: next[other])
      }
      if case .fixed(let sum) = shape[axis], case .fixed(let more) = next[axis] {
        shape[axis] = .fixed(sum + more)
      } else {
        shape[axis] = .unknown
      }
    }
    return [GraphFact(inputs[0].type, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let tensors = try inputs.values.indices.map { try inputs.tensor($0) }
    let rank = try inputs.tensor(0).rank
    return .tensors(
      try Self.joined(tensors, axis: Axes.normalized(axis, rank: rank), context))
  }

  /// - Parameter axis: within the rank of the first.
  static func joined(
    _ tensors: [GraphTensor], axis: Int, _ context: GraphContext
  ) throws -> GraphTensor {
    guard let first = tensors.first else { throw GraphError("nothing to join") }
    var shape = first.shape
    for next in tensors.dropFirst() {
      guard next.rank == first.rank, next.elementType == first.elementType,
        shape.indices.allSatisfy({ $0 == axis || next.shape[$0] == shape[$0] })
      else { throw GraphError("the shapes \(shape) and \(next.shape) cannot be joined") }
      shape[axis] += next.shape[axis]
    }
    let outer = shape[..<axis].product
    if first.elementType == .string {
      var (texts, _) = try context.room(forTexts: shape)
      var work = context.watch.work
      for row in 0..<outer {
        for tensor in tensors {
          let width = tensor.shape[axis...].product
          try work.add(width)
          texts += tensor.strings[row * width..<(row + 1) * width]
        }
      }
      return try context.texts(shape, texts)
    }
    return try first.elementType.dispatchBits(
      Work(tensors: tensors, shape: shape, axis: axis, context: context))
  }

  private struct Work: BitsVisitor {
    let tensors: [GraphTensor]
    let shape: [Int]
    let axis: Int
    let context: GraphContext

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      let to = try NewTensor<Bits>(
        tensors[0].elementType, shape, context.budget, isCleared: false)
      let outer = shape[..<axis].product
      let pitch = shape[axis...].product
      var column = 0
      var work = context.watch.work
      for tensor in tensors {
        let from = tensor.values(Bits.self)
        let width = tensor.shape[axis...].product
        for row in 0..<outer {
          try work.pieces(0..<width) { piece in
            let source = unsafe from.run(row * width + piece.lowerBound, piece.count)
            unsafe to.run(row * pitch + column + piece.lowerBound, piece.count)
              .update(from: source, count: piece.count)
          }
        }
        column += width
      }
      return to.tensor
    }
  }
}
