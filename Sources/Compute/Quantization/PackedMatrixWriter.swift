internal import CKernels

/// Takes the rows of a matrix in order and writes them into its panels.
@safe
package struct PackedMatrixWriter {
  let kind: PackedMatrix.Kind
  let outputs: Int
  let inputs: Int
  private let weights: UnsafeMutableRawPointer
  private let scales: UnsafeMutableRawPointer
  private(set) var written = 0

  init(
    kind: PackedMatrix.Kind, outputs: Int, inputs: Int, weights: UnsafeMutableRawPointer,
    scales: UnsafeMutableRawPointer
  ) {
    self.kind = kind
    self.outputs = outputs
    self.inputs = inputs
    unsafe self.weights = weights
    unsafe self.scales = scales
  }

  /// Appends `rows` rows of `inputs` values each, stored one after the other.
  ///
  /// `int8PerOutput` quantizes rows of any type; the other kinds take only the type they keep.
  /// - Throws: `ComputeError` for rows too many, cut off or of another type, and for a value that
  ///   is no finite number.
  package mutating func append(
    _ bytes: RawSpan, as type: WeightType, rows: Int
  ) throws(ComputeError) {
    guard rows >= 0, rows <= outputs - written else {
      throw ComputeError("\(rows) rows after \(written) in a matrix of \(outputs) outputs")
    }
    guard inputs % type.blockLength == 0 else {
      throw ComputeError("rows of \(inputs) values are no multiple of \(type.blockLength)")
    }
    let rowBytes = type.rowBytes(inputs)
    guard bytes.byteCount == rows * rowBytes else {
      throw ComputeError("\(bytes.byteCount) bytes for \(rows) rows of \(rowBytes) bytes each")
    }
    let accepted =
      switch kind {
      case .int8PerOutput: true
      case .int8PerBlock: type == .q8_0
      case .float(let kept): type == kept
      }
    guard accepted else { throw ComputeError("rows of type \(type) in a matrix of kind \(kind)") }
    let isFinite = unsafe bytes.withUnsafeBytes { source in
      guard let source = source.baseAddress else { return true }
      for row in 0..<rows {
        // Row by row: what was looked at is packed out of the core's cache.
        let values = unsafe source + row * rowBytes
        guard unsafe ck_is_finite(type.element, values, inputs) else { return false }
        unsafe pack(values, as: type, output: written + row)
      }
      return true
    }
    guard isFinite else { throw .notFinite }
    written += rows
  }

  /// Appends rows of floats, stored one after the other.
  package mutating func append(_ values: [Float]) throws(ComputeError) {
    try append(unsafe values.span.bytes, as: .f32, rows: values.count / inputs)
  }

  /// Appends a row of int8 values as they are, each standing for that many times `scale`; takes the
  /// kind `int8PerOutput`.
  package mutating func append(_ values: [Int8], scale: Float) throws(ComputeError) {
    guard kind == .int8PerOutput, values.count == inputs, written < outputs else {
      throw ComputeError("a row of \(values.count) bytes in a matrix of kind \(kind)")
    }
    guard scale.isFinite else { throw .notFinite }
    let sums = (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL
    let floats = unsafe scales.assumingMemoryBound(to: Float.self)
    unsafe ck_pack_bytes(
      values, scale, written, inputs, weights.assumingMemoryBound(to: UInt8.self), floats,
      floats + sums)
    written += 1
  }

  private func pack(_ row: UnsafeRawPointer, as type: WeightType, output: Int) {
    switch kind {
    case .int8PerOutput:
      unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: inputs) { floats in
        guard let floats = floats.baseAddress else { return }
        unsafe ck_kernels_of(CK_SCALAR)?.pointee.widen(type.element, row, inputs, floats)
        unsafe ck_pack_s8(
          floats, output, inputs, weights.assumingMemoryBound(to: UInt8.self),
          scales.assumingMemoryBound(to: Float.self),
          scales.assumingMemoryBound(to: Float.self) + (outputs + CK_PANEL - 1) / CK_PANEL
            * CK_PANEL)
      }
    case .int8PerBlock:
      unsafe ck_pack_q8(
        row, output, inputs, weights.assumingMemoryBound(to: UInt8.self),
        scales.assumingMemoryBound(to: UInt16.self))
    case .float(let kept):
      unsafe ck_pack_float(row, output, inputs, kept.element, weights)
    }
  }
}
