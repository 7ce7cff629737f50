internal import Models

/// The largest or smallest numbers along an axis, in order, and where they lie; equal ones in the
/// order of their places.
struct TopK: GraphOperator {
  let axis: Int
  let isLargest: Bool
  let count: Int?

  static let entries = [
    OperatorEntry("TopK") { node, _ in
      TopK(
        axis: Int(clamping: try node.int("axis", default: -1)),
        isLargest: try node.flag("largest", default: true),
        count: node.version < 10
          ? Int(clamping: try node.required("k", node.int("k"))) : nil)
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axis = try Axes.normalized(axis, rank: x.rank)
    guard let count = try count ?? inputs.int(1), count >= 0, count <= x.shape[axis] else {
      throw GraphError("k must be from 0 to \(x.shape[axis])")
    }
    return try x.elementType.dispatch(
      Work(rule: self, x: x, axis: axis, wanted: count, context: context)
    ).map { .tensor($0) }
  }

  private struct Work: NumberVisitor {
    let rule: TopK
    let x: GraphTensor
    let axis: Int
    let wanted: Int
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> [GraphTensor] {
      let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      var shape = x.shape
      shape[axis] = wanted
      let from = x.values(N.self)
      let to = try NewTensor<N>(x.elementType, shape, context.budget)
      let indices = try context.new(Int64.self, shape)
      guard size > 0 else { return [to.tensor, indices.tensor] }
      var work = context.watch.work
      for run in 0..<from.count / size {
        let (block, column) = (run / inner, run % inner)
        let start = block * size * inner + column
        func isBefore(_ a: Int, _ b: Int) -> Bool {
          let (x, y) = (from[start + a * inner], from[start + b * inner])
          return x == y ? a < b : rule.isLargest ? x > y : x < y
        }
        let order: [Int]
        if size <= WorkCount.piece {
          // Of a sort by comparisons.
          try work.add(16 * size)
          order = (0..<size).sorted(by: isBefore)
        } else {
          // One that asks at each takes longer.
          order = try (0..<size).sorted {
            try work.add(1)
            return isBefore($0, $1)
          }
        }
        for (rank, place) in order.prefix(wanted).enumerated() {
          let at = (block * wanted + rank) * inner + column
          to[at] = from[start + place * inner]
          indices[at] = Int64(place)
        }
      }
      return [to.tensor, indices.tensor]
    }
  }
}
