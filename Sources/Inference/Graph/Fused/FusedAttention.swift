internal import Compute
internal import Models

/// Attention of heads that a graph spells out: scores of queries and keys, scaled and masked, their
/// softmax, the weighted sum of the values. Within each sequence every row sees every row that the
/// mask leaves.
///
/// Answers [batch, length, heads, size].
struct FusedAttention: GraphOperator {
  let processor: Processor
  enum Source: Sendable, Equatable {
    /// Three inputs [batch, length, heads, size].
    case apart
    /// One input [batch, length, 3 · heads · size], then the shapes that a graph gives the three
    /// parts.
    case joined(heads: Int)
  }
  enum Mask: Sendable, Equatable {
    case none
    /// Added to the scores.
    case added
    /// Truth values: where they are `hides`, the score becomes so low a number.
    case chosen(hides: Bool, low: Float)
  }

  let source: Source
  /// The last input.
  let mask: Mask
  let scale: Float

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    if source == .apart { return [GraphFact(.float, inputs[0].shape)] }
    return [GraphFact(.float, .unknown(4))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (rows, shape) = try rows(inputs, context)
    let result = try context.unwritten(shape)
    let (batch, length, width) = (shape[0], shape[1], shape[2] * shape[3])
    guard result.count > 0 else { return .tensors(result) }
    let end = try Int32(exactly: batch * length).orThrow("too many rows for attention")
    let offsets = (0...batch).map { Int32($0 * length) }
    precondition(offsets.last == end)
    let mask = try scoreMask(inputs, shape, context)
    let output = result.rows(of: width)
    try context.watch.portions(output.rows, products: 2 * length * width, of: 64...(.max)) {
      processor.attention(
        rows, width: width, offsets: offsets, heads: shape[2], scale: scale, mask: mask,
        into: output, queries: $0)
    }
    return .tensors(result)
  }

  private func rows(
    _ inputs: GraphInputs, _ context: GraphContext
  ) throws -> (AttentionRows, [Int]) {
    switch source {
    case .apart:
      let parts = try (0..<3).map { try inputs.tensor($0, .float) }
      let shape = parts[0].shape
      guard shape.count == 4, parts.allSatisfy({ $0.shape == shape }) else {
        throw GraphError("attention of the shapes \(parts.map(\.shape))")
      }
      guard parts[0].count > 0 else { return (AttentionRows.empty, shape) }
      let all = parts.map { $0.rows(of: shape[2] * shape[3]) }
      return (AttentionRows(query: all[0], key: all[1], value: all[2]), shape)
    case .joined(let heads):
      let x = try inputs.tensor(0, .float)
      let width = (x.shape.last ?? 0) / 3
      let parts = GraphTensor(x, shape: [x.count / max(1, 3 * width), 3 * width])
      let shapes = try (1...3).map { index in
        try Self.shape(inputs.tensor(index).ints(), of: x, rows: parts.shape[0], width, heads)
      }
      guard width > 0, shapes[0] == shapes[1], shapes[0] == shapes[2] else {
        throw GraphError("attention of the shapes \(shapes)")
      }
      guard x.count > 0 else { return (AttentionRows.empty, shapes[0]) }
      let all = x.rows(of: 3 * width)
      return (
        AttentionRows(query: all, key: all, value: all, columns: (0, width, 2 * width)), shapes[0]
      )
    }
  }

  /// What Reshape makes of [batch, length, width] by the given shape, which splits rows into heads.
  private static func shape(
    _ given: [Int], of x: GraphTensor, rows: Int, _ width: Int, _ heads: Int
  ) throws -> [Int] {
    var shape = given
    for axis in 0..<min(2, x.rank, shape.count) where shape[axis] == 0 {
      shape[axis] = x.shape[axis]
    }
    guard shape.count == 4 else { throw GraphError("heads of the shape \(given)") }
    (shape[2], shape[3]) = (heads, width / heads)
    if shape[0] == -1 { shape[0] = rows / max(1, shape[1]) }
    if shape[1] == -1 { shape[1] = rows / max(1, shape[0]) }
    guard shape[0] >= 0, shape[1] >= 0,
      shape[0].multipliedReportingOverflow(by: shape[1]) == (rows, false)
    else { throw GraphError("\(rows) rows of the shape \(given)") }
    return shape
  }

  private func scoreMask(
    _ inputs: GraphInputs, _ shape: [Int], _ context: GraphContext
  ) throws -> ScoreMask? {
    guard mask != .none else { return nil }
    let given = try inputs.tensor(inputs.count - 1)
    let numbers = try numbers(given, context)
    let (batch, length, heads) = (shape[0], shape[1], shape[2])
    let sizes = Array(repeating: 1, count: max(0, 4 - given.rank)) + given.shape
    guard sizes.count == 4, sizes[0] == 1 || sizes[0] == batch, sizes[1] == 1 || sizes[1] == heads,
      sizes[2] == 1 || sizes[2] == length, sizes[3] == 1 || sizes[3] == length
    else { throw GraphError("a mask of the shape \(given.shape) for scores of \(shape)") }
    var full = numbers
    if sizes[3] != length {
      full = try Expand.stretched(numbers, to: Array(sizes[..<3]) + [length], context)
    }
    return ScoreMask(
      full.rows(of: length), sequences: sizes[0], heads: sizes[1], queries: sizes[2])
  }

  /// What is added to the scores.
  private func numbers(_ mask: GraphTensor, _ context: GraphContext) throws -> GraphTensor {
    guard case .chosen(let hides, let low) = self.mask else {
      return try mask.checked(.float, "the mask")
    }
    return try context.map(mask.checked(.bool, "the mask"), UInt8.self, as: .float) {
      ($0 != 0) == hides ? low : Float(0)
    }
  }
}

extension AttentionRows {
  fileprivate static var empty: AttentionRows {
    let none = FloatRows()
    return AttentionRows(query: none, key: none, value: none)
  }
}

extension Optional {
  fileprivate func orThrow(_ reason: String) throws -> Wrapped {
    guard let self else { throw GraphError(reason) }
    return self
  }
}
