internal import Compute
internal import Models

/// Numbers along an axis as shares of one; before version 13 all dimensions from the axis on are
/// one. Or their logarithms, or 1 for the largest (Hardmax).
struct Softmax: GraphOperator {
  enum Kind: Sendable { case plain, logarithm, hard }
  let kind: Kind
  let axis: Int
  let joinsRest: Bool

  static let entries: [OperatorEntry] = [
    ("Softmax", Kind.plain), ("LogSoftmax", .logarithm), ("Hardmax", .hard),
  ].map { name, kind in
    OperatorEntry(name) { node, _ in
      let isOld = node.version < 13
      return Softmax(
        kind: kind, axis: Int(clamping: try node.int("axis", default: isOld ? 1 : -1)),
        joinsRest: isOld)
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    if x.rank == 0 {
      let row = Softmax(kind: kind, axis: 0, joinsRest: false)
      let answer = try row.softmax(GraphTensor(x, shape: [1]), context)
      return .tensors(GraphTensor(answer, shape: []))
    }
    return .tensors(try softmax(x, context))
  }

  func softmax(_ x: GraphTensor, _ context: GraphContext) throws -> GraphTensor {
    let axis =
      joinsRest && self.axis == x.rank ? x.rank - 1 : try Axes.normalized(self.axis, rank: x.rank)
    let inner = joinsRest ? 1 : x.shape[(axis + 1)...].product
    let size = joinsRest ? x.shape[axis...].product : x.shape[axis]
    if let processor = context.processor, kind == .plain, inner == 1, x.elementType == .float,
      x.count > 0
    {
      let result = try context.unwritten(x.shape)
      var work = context.watch.work
      try work.pieces(0..<x.count / size, cost: size) { rows in
        processor.softmax(x.rows(rows, of: size), into: result.rows(rows, of: size))
      }
      return result
    }
    return try x.elementType.dispatch(
      Work(kind: kind, x: x, size: size, inner: inner, context: context))
  }

  private struct Work: FloatVisitor {
    let kind: Kind
    let x: GraphTensor
    let size: Int
    let inner: Int
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      guard size > 0, inner > 0 else { return to.tensor }
      var work = context.watch.work
      for run in 0..<from.count / size {
        let start = run / inner * size * inner + run % inner
        var (largest, place) = (from[start], 0)
        try work.pieces(0..<size) { piece in
          for index in piece where from[start + index * inner] > largest {
            (largest, place) = (from[start + index * inner], index)
          }
        }
        if kind == .hard {
          to[start + place * inner] = 1
          continue
        }
        var sum: N = 0
        try work.pieces(0..<size) { piece in
          for index in piece {
            let power = N.exp(from[start + index * inner] - largest)
            to[start + index * inner] = power
            sum += power
          }
        }
        let (logarithm, share) = (N.log(sum), 1 / sum)
        try work.pieces(0..<size) { piece in
          for index in piece {
            let at = start + index * inner
            to[at] = kind == .plain ? to[at] * share : from[at] - largest - logarithm
          }
        }
      }
      return to.tensor
    }
  }
}
