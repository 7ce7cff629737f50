internal import CKernels

/// Operators on each row by itself. Inputs and outputs may be the same rows.
extension Processor {
  /// `(x − mean) / √(variance + epsilon) · weight + bias` (arXiv:1607.06450).
  package func layerNorm(
    _ x: FloatRows, weight: [Float], bias: [Float], epsilon: Float, into output: FloatRows
  ) {
    precondition(weight.count == x.columns && bias.count == x.columns)
    output.reshapeLike(x)
    unsafe weight.withUnsafeBufferPointer { weight in
      unsafe bias.withUnsafeBufferPointer { bias in
        eachRow(x) { row in
          unsafe kernels.pointee.layer_norm(
            x.pointer(row: row), x.columns, weight.baseAddress, bias.baseAddress, epsilon,
            output.pointer(row: row))
        }
      }
    }
  }

  /// `x / √(mean(x²) + epsilon) · weight` (arXiv:1910.07467).
  package func rmsNorm(
    _ x: FloatRows, weight: [Float], epsilon: Float, into output: FloatRows
  ) {
    precondition(weight.count == x.columns)
    output.reshapeLike(x)
    unsafe weight.withUnsafeBufferPointer { weight in
      eachRow(x) { row in
        unsafe kernels.pointee.rms_norm(
          x.pointer(row: row), x.columns, weight.baseAddress, epsilon, output.pointer(row: row))
      }
    }
  }

  /// `exp(x − max x) / Σ` over each row.
  package func softmax(_ x: FloatRows, into output: FloatRows) {
    output.reshapeLike(x)
    eachRow(x) { row in
      unsafe kernels.pointee.softmax(x.pointer(row: row), x.columns, output.pointer(row: row))
    }
  }

  /// Copies the given rows, in order: the last rows of sequences before the output layer.
  package func gather(_ x: FloatRows, rows: [Int], into output: FloatRows) {
    precondition(x !== output && rows.allSatisfy { $0 >= 0 && $0 < x.rows })
    output.reshape(rows: rows.count, columns: x.columns)
    for (index, row) in rows.enumerated() {
      unsafe output.pointer(row: index).update(from: x.pointer(row: row), count: x.columns)
    }
  }

  func eachRow(_ x: FloatRows, _ body: (Int) -> Void) {
    run(count: x.rows, cost: 4 * x.columns) { rows in
      for row in rows { body(row) }
    }
  }
}

extension FloatRows {
  /// Takes the other's shape, unless it is the other.
  func reshapeLike(_ other: FloatRows) {
    if self !== other { reshape(rows: other.rows, columns: other.columns) }
  }
}
