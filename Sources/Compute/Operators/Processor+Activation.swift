internal import CKernels

/// Activations and pooling beside products.
extension Processor {
  package enum Activation: Sendable, Equatable {
    case relu
    case tanh
    /// x/2 · (1 + erf(x / √2)).
    case gelu
    /// x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) (arXiv:1606.08415, section 2).
    case geluTanh
    case sigmoid
    /// x · sigmoid(x).
    case silu
  }

  /// Applies the activation to every element, in place.
  package func activate(_ x: FloatRows, _ activation: Activation) {
    activate(x, activation, into: x)
  }

  /// - Parameter output: takes the shape of `x`, and may be it.
  package func activate(_ x: FloatRows, _ activation: Activation, into output: FloatRows) {
    let columns = x.columns
    output.reshapeLike(x)
    let kind: ck_activation? =
      switch activation {
      case .relu: nil
      case .tanh: CK_FN_TANH
      case .gelu: CK_FN_GELU
      case .geluTanh: CK_FN_GELU_TANH
      case .sigmoid: CK_FN_SIGMOID
      case .silu: CK_FN_SILU
      }
    run(count: x.rows, cost: 8 * columns) { rows in
      for row in rows {
        let (source, target) = unsafe (x.pointer(row: row), output.pointer(row: row))
        if let kind {
          unsafe kernels.pointee.activate(kind, source, columns, target)
        } else {
          for column in 0..<columns { unsafe target[column] = max(0, source[column]) }
        }
      }
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
