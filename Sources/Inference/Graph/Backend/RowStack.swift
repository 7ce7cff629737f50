internal import Models

extension GraphPlan {
  /// Whether a run on several rows gives each of them the bits that it gets alone, so that a batch
  /// may be one run. Nothing proves it of any graph yet.
  var isRowWise: Bool { false }
}

/// Rows of several instances as one input, and the rows of an output as several answers.
enum RowStack {
  /// - Parameter inputs: one tensor each for every input of the graph, with one row.
  /// - Returns: nil where they are not of one shape.
  static func stacked(
    _ inputs: [GraphBackend.Input], _ budget: MemoryBudget
  ) throws -> [GraphTensor]? {
    guard let first = inputs.first else { return nil }
    return try first.values.indices.reduce(into: Optional([GraphTensor]())) { stacked, index in
      let rows = inputs.map { $0.values[index] }
      guard let shape = rows.first?.shape, rows.allSatisfy({ $0.shape == shape }) else {
        stacked = nil
        return
      }
      stacked?.append(try joined(rows, budget))
    }
  }

  private static func joined(_ rows: [GraphTensor], _ budget: MemoryBudget) throws -> GraphTensor {
    let first = rows[0]
    let shape = [rows.count] + first.shape.dropFirst()
    if first.elementType == .string {
      return try GraphTensor(strings: rows.flatMap(\.strings), shape, budget)
    }
    let joined = try GraphTensor(first.elementType, shape, budget)
    let size = first.bytes.byteCount
    for (index, row) in rows.enumerated() {
      unsafe (joined.base + index * size).copyMemory(from: row.base, byteCount: size)
    }
    return joined
  }

  /// - Returns: nil for what has no row for each instance.
  static func rows(
    _ value: GraphValue, _ count: Int, _ budget: MemoryBudget
  ) throws -> [GraphValue]? {
    guard case .tensor(let tensor) = value, tensor.shape.first == count else { return nil }
    let shape = [1] + tensor.shape.dropFirst()
    let size = tensor.bytes.byteCount / count
    return try (0..<count).map { index in
      if tensor.elementType == .string {
        let width = tensor.count / count
        let strings = Array(tensor.strings[index * width..<(index + 1) * width])
        return .tensor(try GraphTensor(strings: strings, shape, budget))
      }
      let row = try GraphTensor(tensor.elementType, shape, budget)
      unsafe row.base.copyMemory(from: tensor.base + index * size, byteCount: size)
      return .tensor(row)
    }
  }
}
