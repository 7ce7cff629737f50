internal import Glibc

/// Activations and pooling that few models use: plain loops.
extension Processor {
  package enum Activation: Sendable, Equatable {
    case relu
    case tanh
    /// x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) (arXiv:1606.08415, section 2).
    case geluTanh
  }

  /// Applies the activation to every element, in place.
  package func activate(_ x: FloatRows, _ activation: Activation) {
    let columns = x.columns
    run(count: x.rows, cost: 16 * columns) { rows in
      for row in rows {
        let values = unsafe x.pointer(row: row)
        for column in 0..<columns {
          unsafe values[column] = Self.apply(activation, values[column])
        }
      }
    }
  }

  private static func apply(_ activation: Activation, _ x: Float) -> Float {
    switch activation {
    case .relu: max(0, x)
    case .tanh: tanhf(x)
    case .geluTanh: 0.5 * x * (1 + tanhf(0.797_884_56 * (x + 0.044_715 * x * x * x)))
    }
  }

  /// The largest value of each column over the rows of each sequence, as `pool` does the mean.
  package func poolLargest(
    _ x: FloatRows, offsets: [Int32], into output: FloatRows
  ) {
    checkOffsets(offsets, rows: x.rows)
    let columns = x.columns
    output.reshape(rows: offsets.count - 1, columns: columns)
    for sequence in 0..<offsets.count - 1 {
      let target = unsafe output.pointer(row: sequence)
      unsafe target.update(from: x.pointer(row: Int(offsets[sequence])), count: columns)
      for row in Int(offsets[sequence]) + 1..<Int(offsets[sequence + 1]) {
        let source = unsafe x.pointer(row: row)
        for column in 0..<columns { unsafe target[column] = max(target[column], source[column]) }
      }
    }
  }
}
