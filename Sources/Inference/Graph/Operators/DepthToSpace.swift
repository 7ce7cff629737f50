internal import Models

/// Blocks of channels laid out in space, or the other way round.
struct DepthToSpace: GraphOperator {
  let isBack: Bool
  let block: Int
  let columnsFirst: Bool

  static let entries: [OperatorEntry] = [("DepthToSpace", false), ("SpaceToDepth", true)]
    .map { name, isBack in
      OperatorEntry(name) { node, _ in
        let block = try node.required("blocksize", node.int("blocksize"))
        guard block > 0, block < 1 << 16 else {
          throw node.problem(.malformed, "the attribute blocksize is \(block)")
        }
        return DepthToSpace(
          isBack: isBack, block: Int(block),
          columnsFirst: try node.text("mode", default: "DCR") == "CRD")
      }
    }

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank == 4 else { throw GraphError("\(x.rank) dimensions; 4 are expected") }
    let (n, c, h, w, b) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3], block)
    guard isBack ? h % b == 0 && w % b == 0 : c % (b * b) == 0 else {
      throw GraphError("the shape \(x.shape) has no blocks of \(b)")
    }
    if isBack {
      let split = GraphTensor(x, shape: [n, c, h / b, b, w / b, b])
      let moved = try Transpose.transposed(
        split, columnsFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4], context)
      return .tensors(GraphTensor(moved, shape: [n, c * b * b, h / b, w / b]))
    }
    let depth = c / (b * b)
    let split = GraphTensor(
      x, shape: columnsFirst ? [n, depth, b, b, h, w] : [n, b, b, depth, h, w])
    let order = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
    let moved = try Transpose.transposed(split, order, context)
    return .tensors(GraphTensor(moved, shape: [n, depth, h * b, w * b]))
  }
}
