internal import CKernels

extension Processor {
  /// Rows of `b` that are packed at once: what a thread works with takes no more than 1 MiB.
  private static let mostPacked = 16384

  /// Products of computed matrices: `output[i] = a[pairs[i].a] · b[pairs[i].b]`.
  ///
  /// - Parameters:
  ///   - a: [matrices · rows × inner].
  ///   - b: [matrices · inner × columns].
  ///   - output: takes the shape [pairs · rows × columns].
  package func multiply(
    _ a: FloatRows, _ b: FloatRows, pairs: [(a: Int, b: Int)], rows: Int, into output: FloatRows
  ) {
    let (inner, columns) = (a.columns, b.columns)
    precondition(a !== output && b !== output && rows >= 0)
    for pair in pairs {
      precondition(pair.a >= 0 && (pair.a + 1) * rows <= a.rows)
      precondition(pair.b >= 0 && (pair.b + 1) * inner <= b.rows)
    }
    output.reshape(rows: pairs.count * rows, columns: columns)
    guard rows > 0, columns > 0, !pairs.isEmpty else { return }
    let panels = (columns + CK_PANEL - 1) / CK_PANEL
    // Rows are split only where there is too little else: each part packs its panel.
    let rowParts =
      pairs.count * panels >= 2 * threads ? 1 : max(1, min(2 * threads, rows / 48))
    let operations = 2 * pairs.count * rows * columns * max(1, inner)
    let parts = pairs.count * panels * rowParts
    let together = max(1, parts * 700_000 / max(1, operations))
    run(parts: (parts + together - 1) / together) { group in
      let most = max(1, min(inner, Self.mostPacked))
      unsafe withUnsafeTemporaryAllocation(
        byteCount: most * CK_PANEL * 4, alignment: 64
      ) { scratch in
        let panel = unsafe scratch.bindMemory(to: Float.self)
        guard let start = panel.baseAddress else { return }
        for part in group * together..<min(parts, (group + 1) * together) {
          let (pair, rest) = (pairs[part / (panels * rowParts)], part % (panels * rowParts))
          let (column, share) = (rest / rowParts * CK_PANEL, rest % rowParts)
          let width = min(CK_PANEL, columns - column)
          let out = unsafe output.pointer(row: part / (panels * rowParts) * rows) + column
          for first in stride(from: 0, to: max(1, inner), by: most) {
            let count = min(most, inner - first)
            let source = unsafe b.pointer(row: pair.b * inner + first) + column
            unsafe Self.pack(source, columns, count, width, start)
            // Sums of the rows before stand in the output.
            var job = unsafe ck_gemm_f32(
              a: a.pointer(row: pair.a * rows) + first, a_stride: inner,
              w: UnsafeRawPointer(start), element: CK_F32, n: width, k: count,
              epilogue: ck_epilogue(
                out: out, out_stride: columns, bias: nil,
                extra: first == 0 ? nil : UnsafePointer(out), extra_stride: columns,
                op: first == 0 ? CK_STORE : CK_ADD, low: 0, high: 0))
            unsafe kernels.pointee.gemm_f32(
              &job, rows * share / rowParts, rows * (share + 1) / rowParts, 0, 1)
          }
        }
      }
    }
  }

  /// `width` columns of `rows` rows as a panel, zeros behind them.
  private static func pack(
    _ source: UnsafePointer<Float>, _ stride: Int, _ rows: Int, _ width: Int,
    _ panel: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let target = unsafe panel + row * CK_PANEL
      unsafe target.update(from: source + row * stride, count: width)
      if width < CK_PANEL {
        unsafe (target + width).update(repeating: 0, count: CK_PANEL - width)
      }
    }
  }
}
