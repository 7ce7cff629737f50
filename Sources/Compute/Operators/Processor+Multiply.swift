internal import CKernels

/// What becomes of a product before it is stored. The matrix's bias is added first, always.
package enum Epilogue {
  case store
  /// product + rows; the rows may be the output itself (residual connection).
  case add(FloatRows)
  /// gelu(product), with erf.
  case gelu
  /// product · silu(rows); the rows may be the output itself (SwiGLU's gate).
  case siluGate(FloatRows)
  /// The product, and the rows where there are some, held within the range (Relu, Clip).
  case clamp(ClosedRange<Float>, adding: FloatRows? = nil)
}

extension Processor {
  /// `output[row] = epilogue(input[row] · matrixᵀ + bias)` for all rows of the loaded input.
  ///
  /// - Parameters:
  ///   - input: rows of `matrix.inputs` columns.
  ///   - output: takes the shape [input rows × matrix.outputs]; keeps its values where the epilogue
  ///     reads it. Must not be the loaded input.
  package func multiply(
    _ input: Activations, by matrix: PackedMatrix, into output: FloatRows,
    epilogue: Epilogue = .store
  ) {
    guard let source = input.source else { preconditionFailure("no rows were loaded") }
    precondition(source.columns == matrix.inputs && source !== output)
    output.reshape(rows: source.rows, columns: matrix.outputs)
    unsafe matrix.bias.withUnsafeBufferPointer { bias in
      // An empty array has an address too.
      let tail = unsafe ck_epilogue(
        epilogue, bias: bias.isEmpty ? nil : bias.baseAddress, output: output)
      switch matrix.kind {
      case .int8PerOutput: unsafe multiplyPerOutput(input.quantizedPerRow(self), matrix, tail)
      case .int8PerBlock: unsafe multiplyPerBlock(input.quantizedPerBlock(self), matrix, tail)
      case .float(let type): unsafe multiplyFloat(source, matrix, type, tail)
      }
    }
  }

  private func multiplyPerOutput(_ a: QuantizedRows, _ matrix: PackedMatrix, _ tail: ck_epilogue) {
    let scales = unsafe matrix.scales.assumingMemoryBound(to: Float.self)
    var job = unsafe ck_gemm_s8(
      a: a.values(row: 0), a_stride: a.stride, a_scales: a.scales(row: 0), a_sums: a.sums(row: 0),
      a_shifts: a.shifts(row: 0), w: matrix.weights.assumingMemoryBound(to: UInt8.self),
      w_scales: scales, w_sums: scales + matrix.panels * CK_PANEL,
      n: matrix.outputs, k: matrix.inputs, epilogue: tail)
    unsafe withUnsafePointer(to: &job) { job in
      runTiles(rows: a.rows, matrix) { rows, panels in
        unsafe kernels.pointee.gemm_s8(
          job, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
      }
    }
  }

  private func multiplyPerBlock(_ a: QuantizedRows, _ matrix: PackedMatrix, _ tail: ck_epilogue) {
    var job = unsafe ck_gemm_q8(
      a: a.values(row: 0), a_stride: a.stride, a_scales: a.scales(row: 0), a_sums: a.sums(row: 0),
      a_blocks: a.blocks, w: matrix.weights.assumingMemoryBound(to: UInt8.self),
      w_scales: matrix.scales.assumingMemoryBound(to: UInt16.self),
      n: matrix.outputs, k: matrix.inputs, epilogue: tail)
    unsafe withUnsafePointer(to: &job) { job in
      runTiles(rows: a.rows, matrix) { rows, panels in
        unsafe kernels.pointee.gemm_q8(
          job, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
      }
    }
  }

  private func multiplyFloat(
    _ a: FloatRows, _ matrix: PackedMatrix, _ type: WeightType, _ tail: ck_epilogue
  ) {
    var job = unsafe ck_gemm_f32(
      a: a.pointer, a_stride: a.columns, w: matrix.weights, element: type.element,
      n: matrix.outputs, k: matrix.inputs, epilogue: tail)
    unsafe withUnsafePointer(to: &job) { job in
      runTiles(rows: a.rows, matrix) { rows, panels in
        unsafe kernels.pointee.gemm_f32(
          job, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
      }
    }
  }

  /// Splits a product into parts of some panels and some rows; K is never split.
  ///
  /// A part streams its panels once for each of its row tiles, so few rows are split by panels
  /// alone and every weight is read once. Parts are worth a microsecond and a half or more, by what
  /// the arithmetic or the memory takes; beyond that, some more than threads, so that a thread that
  /// is held up does not hold up the rest.
  private func runTiles(
    rows: Int, _ matrix: PackedMatrix, _ body: (Range<Int>, Range<Int>) -> Void
  ) {
    guard rows > 0 else { return }
    let rowsPerPart = 48
    let operationsPerPart = 700_000
    let bytesPerPart = 40_000
    let rowParts = (rows + rowsPerPart - 1) / rowsPerPart
    let operations = 2 * rows * matrix.outputs * matrix.inputs
    let worthwhile = max(operations / operationsPerPart, matrix.byteCount / bytesPerPart)
    let wanted = threads == 1 ? 1 : min(worthwhile, 6 * threads)
    let panelParts = min(matrix.panels, max(1, wanted / rowParts))
    run(parts: rowParts * panelParts) { part in
      let row = part % rowParts
      let panel = part / rowParts
      body(
        rows * row / rowParts..<rows * (row + 1) / rowParts,
        matrix.panels * panel / panelParts..<matrix.panels * (panel + 1) / panelParts)
    }
  }
}

extension ck_epilogue {
  /// - Parameters:
  ///   - bias: f32 for the columns that are computed, or nil.
  ///   - column: the first of them.
  init(
    _ epilogue: Epilogue, bias: UnsafePointer<Float>?, output: FloatRows, column: Int = 0
  ) {
    let extra: FloatRows?
    let operation: ck_epilogue_op
    var range: ClosedRange<Float> = 0...0
    switch epilogue {
    case .store: (extra, operation) = (nil, CK_STORE)
    case .gelu: (extra, operation) = (nil, CK_GELU)
    case .add(let rows): (extra, operation) = (rows, CK_ADD)
    case .siluGate(let rows): (extra, operation) = (rows, CK_SILU_GATE)
    case .clamp(let bounds, let rows):
      range = bounds
      (extra, operation) = (rows, rows == nil ? CK_CLAMP : CK_ADD_CLAMP)
    }
    if let extra { precondition(extra.rows == output.rows && extra.columns == output.columns) }
    unsafe self.init(
      out: output.pointer + column, out_stride: output.columns, bias: bias,
      extra: extra.map { unsafe UnsafePointer($0.pointer + column) },
      extra_stride: extra?.columns ?? 0, op: operation, low: range.lowerBound,
      high: range.upperBound)
  }
}
