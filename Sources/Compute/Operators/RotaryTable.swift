internal import CKernels
internal import Glibc

/// Cosines and sines of rotary position embedding (RoPE, arXiv:2104.09864) for all positions.
package struct RotaryTable: Sendable {
  /// Which elements of a head form a pair.
  package enum Pairing: Sendable, Equatable {
    /// (2i, 2i + 1): Llama in GGUF files ("NORM").
    case adjacent
    /// (i, i + dimensions / 2): NeoX, and Llama in Hugging Face files.
    case halves
  }

  /// Elements of a head that are rotated; the others stay.
  package let dimensions: Int
  package let positions: Int
  package let pairing: Pairing
  /// f32 [positions × dimensions / 2]
  let cosines: [Float]
  let sines: [Float]

  /// Pair i turns by `position · scale · base^(−2i / dimensions) / frequencyFactors[i]`.
  ///
  /// - Parameters:
  ///   - dimensions: even.
  ///   - scale: 1, or 1/n where the model was stretched to n times its context (linear scaling).
  ///   - frequencyFactors: empty, or dimensions / 2 values (`rope_freqs` of Llama 3.1 files).
  package init(
    dimensions: Int, base: Float, positions: Int, pairing: Pairing, scale: Float = 1,
    frequencyFactors: [Float] = []
  ) {
    precondition(dimensions >= 0 && dimensions % 2 == 0 && positions >= 0)
    precondition(frequencyFactors.isEmpty || frequencyFactors.count == dimensions / 2)
    self.dimensions = dimensions
    self.positions = positions
    self.pairing = pairing
    let frequencies = (0..<dimensions / 2).map { pair in
      let frequency = pow(Double(base), -2 * Double(pair) / Double(dimensions)) * Double(scale)
      return frequencyFactors.isEmpty ? frequency : frequency / Double(frequencyFactors[pair])
    }
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positions * frequencies.count)
    sines.reserveCapacity(positions * frequencies.count)
    for position in 0..<positions {
      for frequency in frequencies {
        cosines.append(Float(cos(Double(position) * frequency)))
        sines.append(Float(sin(Double(position) * frequency)))
      }
    }
    self.cosines = cosines
    self.sines = sines
  }
}

extension Processor {
  /// Rotates `heads` heads of every row, in place.
  ///
  /// - Parameters:
  ///   - column: the first column of the first head; heads of `headSize` columns follow.
  ///   - positions: one for each row, each below `table.positions`.
  package func rotate(
    _ x: FloatRows, column: Int, heads: Int, headSize: Int, positions: [Int32], table: RotaryTable
  ) {
    precondition(column >= 0 && heads >= 0 && column + heads * headSize <= x.columns)
    precondition(table.dimensions <= headSize && positions.count == x.rows)
    precondition(positions.allSatisfy { $0 >= 0 && Int($0) < table.positions })
    let pairs = table.dimensions / 2
    unsafe table.cosines.withUnsafeBufferPointer { cosines in
      unsafe table.sines.withUnsafeBufferPointer { sines in
        guard let cosines = cosines.baseAddress, let sines = sines.baseAddress
        else { return }
        run(count: x.rows, cost: heads * headSize) { rows in
          for row in rows {
            let at = Int(positions[row]) * pairs
            unsafe kernels.pointee.rotate(
              x.pointer(row: row) + column, heads, headSize, table.dimensions, cosines + at,
              sines + at, table.pairing == .halves)
          }
        }
      }
    }
  }
}
