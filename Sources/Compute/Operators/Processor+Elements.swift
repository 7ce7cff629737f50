internal import CKernels

/// Passes over rows after a product, where its epilogue does not do them.
extension Processor {
  /// Holds every element within the range, in place.
  package func clamp(_ x: FloatRows, to range: ClosedRange<Float>) {
    let columns = x.columns
    let (low, high) = (range.lowerBound, range.upperBound)
    eachRow(x) { row in
      let values = unsafe x.pointer(row: row)
      for column in 0..<columns { unsafe values[column] = min(max(values[column], low), high) }
    }
  }

  /// `x += other`, of the same shape.
  package func add(_ other: FloatRows, to x: FloatRows) {
    precondition(other.rows == x.rows && other.columns == x.columns)
    let columns = x.columns
    eachRow(x) { row in
      let (target, source) = unsafe (x.pointer(row: row), other.pointer(row: row))
      for column in 0..<columns { unsafe target[column] += source[column] }
    }
  }

  /// What a matrix of bytes with zero points lacks: `x[row] += corrections · sum of the row`, the
  /// sum being that of the quantized row as `multiply` took it.
  package func correct(_ x: FloatRows, by corrections: [Float], of input: Activations) {
    let rows = input.quantizedPerRow(self)
    precondition(corrections.count == x.columns && rows.rows == x.rows)
    let columns = x.columns
    let inputs = Float(rows.columns)
    unsafe corrections.withUnsafeBufferPointer { corrections in
      eachRow(x) { row in
        let scaled = unsafe Float(rows.sums(row: row).pointee) * rows.scales(row: row).pointee
        let sum = unsafe scaled + inputs * rows.shifts(row: row).pointee
        let target = unsafe x.pointer(row: row)
        for column in 0..<columns {
          unsafe target[column] += sum * corrections[column]
        }
      }
    }
  }
}
