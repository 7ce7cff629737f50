internal import Models

/// Products of matrices, row-major, as plain blocked loops.
enum MatrixProduct {
  /// `c[row] += a[row] · b` for all rows, with a [rows × inner] and b [inner × columns]. Each row's
  /// sums are taken in one order, whatever the number of rows.
  ///
  /// - Throws: where the run is to end.
  static func add<N: GraphNumber>(
    _ a: GraphValues<N>, _ aStart: Int, _ b: GraphValues<N>, _ bStart: Int,
    into c: NewTensor<N>, _ cStart: Int, rows: Int, inner: Int, columns: Int,
    _ work: inout WorkCount
  ) throws {
    guard rows > 0, inner > 0, columns > 0 else { return }
    precondition(aStart >= 0 && aStart + rows * inner <= a.count)
    precondition(bStart >= 0 && bStart + inner * columns <= b.count)
    precondition(cStart >= 0 && cStart + rows * columns <= c.count)
    // A block of b stays in the first-level cache while all rows pass over it.
    let width = 256
    for first in stride(from: 0, to: columns, by: width) {
      let last = min(first + width, columns)
      for row in 0..<rows {
        try work.add(inner * (last - first))
        unsafe c.withRow(cStart + row * columns + first) { target in
          for step in 0..<inner {
            let factor = unsafe a.base[aStart + row * inner + step]
            let source = unsafe b.base + bStart + step * columns + first
            for column in 0..<last - first {
              unsafe target[column] = .sum(target[column], .product(factor, source[column]))
            }
          }
        }
      }
    }
  }
}

/// How matrices of two tensors meet in MatMul: what stands before the last two dimensions is
/// stretched to each other.
struct MatrixPairs {
  let shape: [Int]
  let rows: Int
  let inner: Int
  let columns: Int
  /// For each product the numbers of the matrices in a and b.
  let pairs: [(a: Int, b: Int)]
  private let charge: BudgetCharge

  init(_ a: [Int], _ b: [Int], _ context: GraphContext) throws {
    guard let aLast = a.last, !b.isEmpty else {
      throw GraphError("a product of the shapes \(a) and \(b)")
    }
    let left = a.count == 1 ? [1] + a : a
    let right = b.count == 1 ? b + [1] : b
    rows = left[left.count - 2]
    inner = aLast
    columns = right[right.count - 1]
    guard right[right.count - 2] == inner else {
      throw GraphError("a product of the shapes \(a) and \(b)")
    }
    let plan = try Broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))])
    charge = try BudgetCharge(numbers: 2 * plan.shape.product, context.budget)
    var pairs: [(a: Int, b: Int)] = []
    try plan.runs(context.watch) { _, starts, length, steps in
      for index in 0..<length {
        pairs.append((starts[0] + index * steps[0], starts[1] + index * steps[1]))
      }
    }
    self.pairs = pairs
    shape =
      plan.shape + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns])
  }

  /// Whether there is anything to multiply.
  var isWorthPacking: Bool { rows > 0 && inner > 0 && columns > 0 && !pairs.isEmpty }

  static func inferred(_ a: [ONNXDimension]?, _ b: [ONNXDimension]?) throws -> [ONNXDimension]? {
    guard let a, let b, let inner = a.last, !b.isEmpty else { return nil }
    _ = try inner.merged(with: b.count == 1 ? b[0] : b[b.count - 2])
    let outer = try Array(a.dropLast(2)).stretched(to: Array(b.dropLast(2)))
    return outer + (a.count == 1 ? [] : [a[a.count - 2]]) + (b.count == 1 ? [] : [b[b.count - 1]])
  }
}
