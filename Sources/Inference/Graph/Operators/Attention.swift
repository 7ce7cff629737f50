internal import Models

/// Attention of several heads (arXiv:1706.03762), with masks, kept keys and values, and fewer heads
/// of keys than of queries. A query that may see nothing has zeros as its answer.
struct Attention: GraphOperator {
  let queryHeads: Int?
  let keyHeads: Int?
  let scale: Float?
  let isCausal: Bool
  let cap: Float
  let scoreMode: Int
  /// How far a query sees to either side; nil: without end.
  let left: Int?
  let right: Int?

  static let entries = [
    OperatorEntry("Attention", versions: 23...28) { node, _ in
      func count(_ name: String, from least: Int64) throws -> Int? {
        try node.int(name).flatMap {
          guard $0 >= least, $0 < 1 << 31 else {
            throw node.problem(.malformed, "the attribute \(name) is \($0)")
          }
          return $0 < 0 ? nil : Int($0)
        }
      }
      return Attention(
        queryHeads: try count("q_num_heads", from: 1), keyHeads: try count("kv_num_heads", from: 1),
        scale: try node.float("scale"), isCausal: try node.flag("is_causal", default: false),
        cap: try node.float("softcap", default: 0),
        scoreMode: try count("qk_matmul_output_mode", from: 0) ?? 0,
        left: try count("left_window_size", from: -1),
        right: try count("right_window_size", from: -1))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let q = try inputs.tensor(0)
    let isFlat = q.rank == 3
    let query = try heads(q, queryHeads, context)
    var sides = try (1...2).map { try heads(inputs.tensor($0, q.elementType), keyHeads, context) }
    var kept = 0
    for (side, index) in [(0, 4), (1, 5)] {
      guard let past = try inputs.optional(index) else { continue }
      guard past.rank == 4 else { throw GraphError("kept values have \(past.rank) dimensions") }
      kept = past.shape[2]
      sides[side] = try Concat.joined([past, sides[side]], axis: 2, context)
    }
    let (key, value) = (sides[0], sides[1])
    let (b, h, s, d) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3])
    let total = key.shape[2]
    guard key.shape == [b, key.shape[1], total, d], value.shape.prefix(3) == key.shape.prefix(3),
      key.shape[1] > 0, h % key.shape[1] == 0
    else { throw GraphError("the shapes \(query.shape), \(key.shape) and \(value.shape)") }
    let lengths = try inputs.ints(6)?.map { min(max($0, 0), total) }
    guard lengths.map({ $0.count == b }) ?? true else { throw GraphError("the lengths do not fit") }
    let bias = try bias(
      inputs.optional(3), [b, h, s, total], kept: kept, lengths, q.elementType, context)
    let answers = try q.elementType.dispatch(
      Work(rule: self, query: query, key: key, value: value, bias: bias, context: context))
    var answer = answers[0]
    if isFlat {
      answer = try Transpose.transposed(answer, [0, 2, 1, 3], context)
      answer = GraphTensor(answer, shape: [b, s, h * value.shape[3]])
    }
    return .tensors(answer, key, value, answers[1])
  }

  /// [batch, heads, length, size].
  private func heads(
    _ x: GraphTensor, _ count: Int?, _ context: GraphContext
  ) throws -> GraphTensor {
    if x.rank == 4 { return x }
    guard x.rank == 3, let count, x.shape[2] % count == 0 else {
      throw GraphError("the shape \(x.shape) has no \(count ?? 0) heads")
    }
    let split = GraphTensor(x, shape: [x.shape[0], x.shape[1], count, x.shape[2] / count])
    return try Transpose.transposed(split, [0, 2, 1, 3], context)
  }

  /// What is added to the scores: −∞ where a query does not see a key.
  private func bias(
    _ mask: GraphTensor?, _ shape: [Int], kept: Int, _ lengths: [Int]?, _ type: ONNXElementType,
    _ context: GraphContext
  ) throws -> GraphTensor {
    let given = try mask.map { try Self.bias(of: $0, shape, context) }
    let (rows, columns) = (shape[2], shape[3])
    let values = given?.values(Double.self)
    let numbers = try context.tensor(.double, shape) { index -> Double in
      let (row, column) = (index / columns % rows, index % columns)
      let batch = index / (columns * rows * shape[1])
      let place = row + (kept > 0 ? kept : lengths.map { $0[batch] - rows } ?? 0)
      let isSeen =
        (!isCausal || column <= place) && (left.map { place - column <= $0 } ?? true)
        && (right.map { column - place <= $0 } ?? true)
        && (lengths.map { column < $0[batch] } ?? true)
      return isSeen ? values?[index] ?? 0 : -.infinity
    }
    return try numbers.converted(to: type, context)
  }

  /// A mask stretched to all scores; keys behind its end are not seen.
  private static func bias(
    of mask: GraphTensor, _ shape: [Int], _ context: GraphContext
  ) throws -> GraphTensor {
    var numbers = try mask.converted(to: .double, context)
    if mask.elementType == .bool {
      numbers = try context.map(numbers, Double.self) { $0 == 0 ? -Double.infinity : 0 }
    }
    if let last = mask.shape.last, last < shape[3] {
      var rest = mask.shape
      rest[mask.rank - 1] = shape[3] - last
      let unseen = try context.tensor(.double, rest) { _ in -Double.infinity }
      numbers = try Concat.joined([numbers, unseen], axis: mask.rank - 1, context)
    }
    guard try Broadcast([numbers.shape, shape]).shape == shape else {
      throw GraphError("a mask of the shape \(mask.shape) for \(shape)")
    }
    return try Expand.stretched(numbers, to: shape, context)
  }

  private struct Work: FloatVisitor {
    let rule: Attention
    let query: GraphTensor
    let key: GraphTensor
    let value: GraphTensor
    let bias: GraphTensor
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> [GraphTensor] {
      let (q, k, v) = (query.values(N.self), key.values(N.self), value.values(N.self))
      let added = bias.values(N.self)
      let (heads, size, width) = (query.shape[1], query.shape[3], value.shape[3])
      let (rows, columns) = (query.shape[2], key.shape[2])
      let scale = N(rule.scale ?? 1 / Float(size).squareRoot())
      let to = try context.new(N.self, Array(query.shape[..<3]) + [width])
      let told = try context.new(N.self, bias.shape)
      let share = heads / key.shape[1]
      var work = context.watch.work
      for row in 0..<query.shape[0] * heads * rows {
        try work.add(columns * (size + width))
        let head = row / rows
        let source = head / heads * key.shape[1] + head % heads / share
        var scores = [N](repeating: 0, count: columns)
        for column in 0..<columns {
          var sum: N = 0
          let start = (source * columns + column) * size
          for index in 0..<size { sum += q[row * size + index] * k[start + index] }
          sum *= scale
          if rule.cap > 0 { sum = N(rule.cap) * .tanh(sum / N(rule.cap)) }
          scores[column] = sum + added[row * columns + column]
          told[row * columns + column] = rule.scoreMode == 2 ? scores[column] : sum
        }
        let largest = scores.max() ?? 0
        var total: N = 0
        for column in 0..<columns {
          scores[column] = largest == -.infinity ? 0 : .exp(scores[column] - largest)
          total += scores[column]
        }
        for column in 0..<columns where total > 0 {
          scores[column] /= total
          let start = (source * columns + column) * width
          for index in 0..<width { to[row * width + index] += scores[column] * v[start + index] }
        }
        if rule.scoreMode == 3 {
          for column in 0..<columns { told[row * columns + column] = scores[column] }
        }
      }
      return [to.tensor, told.tensor]
    }
  }
}
