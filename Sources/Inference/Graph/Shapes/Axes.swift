/// Axes as nodes give them: negative ones count from the end.
enum Axes {
  static func normalized(_ axis: Int, rank: Int) throws -> Int {
    guard axis >= -rank, axis < rank else {
      throw GraphError("axis \(axis) of a tensor of \(rank) dimensions")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// In the order given, each once.
  static func normalized(_ axes: [Int], rank: Int) throws -> [Int] {
    let normalized = try axes.map { try self.normalized($0, rank: rank) }
    guard Set(normalized).count == axes.count else { throw GraphError("an axis is named twice") }
    return normalized
  }
}

extension [Int] {
  var product: Int { reduce(1, *) }
}

extension ArraySlice<Int> {
  var product: Int { reduce(1, *) }
}
