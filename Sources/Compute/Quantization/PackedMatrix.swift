internal import CKernels

/// The weights of a linear layer [outputs × inputs], packed once at load for the kernels.
///
/// Immutable after `init`. Layouts: CKernels.h.
///
/// `@unchecked Sendable`: the memory is written only inside init, before the object is shared.
@safe
package final class PackedMatrix: @unchecked Sendable {
  /// The arithmetic of a product with this matrix.
  package enum Kind: Sendable, Equatable {
    /// int8 with one symmetric scale for each output; activations int8 with one scale for each row.
    case int8PerOutput
    /// int8 with an f16 scale for each 32 inputs (Q8_0, repacked without loss); activations alike.
    case int8PerBlock
    /// Stored as f32, f16 or bf16; multiplied as f32.
    case float(WeightType)
  }

  package let kind: Kind
  package let outputs: Int
  package let inputs: Int
  /// f32 [outputs] or empty; added to every row of a product.
  package let bias: [Float]
  /// Weights, then scales, each 64-byte aligned.
  private let memory: SlabMemory
  private let scalesAt: Int

  /// The kind that keeps what a tensor of this type holds: `int8PerBlock` for Q8_0, else `float`.
  package static func lossless(_ type: WeightType) -> Kind {
    type == .q8_0 ? .int8PerBlock : .float(type)
  }

  /// Packs the rows that `fill` appends to the writer, `outputs` in all.
  ///
  /// Several tensors can become one matrix (query, key and value), appended one after the other.
  /// - Parameter arena: where it lies, beside the others of its model.
  /// - Throws: `ComputeError` for impossible shapes, missing or surplus rows, and what `fill`
  ///   throws.
  package init(
    kind: Kind, outputs: Int, inputs: Int, bias: [Float] = [], in arena: SlabArena,
    fill: (inout PackedMatrixWriter) throws(ComputeError) -> Void
  ) throws(ComputeError) {
    let layout = try PackedLayout(kind: kind, outputs: outputs, inputs: inputs)
    guard bias.isEmpty || bias.count == outputs else {
      throw ComputeError("a bias of \(bias.count) values for a matrix of \(outputs) outputs")
    }
    let memory = try SlabMemory(count: layout.scalesAt + layout.scaleBytes, in: arena)
    if layout.emptyByte != 0 {
      unsafe memory.base.initializeMemory(
        as: UInt8.self, repeating: layout.emptyByte, count: layout.scalesAt)
    }
    var writer = unsafe PackedMatrixWriter(
      kind: kind, outputs: outputs, inputs: inputs, weights: memory.base,
      scales: memory.base + layout.scalesAt)
    try fill(&writer)
    guard writer.written == outputs else {
      throw ComputeError("\(writer.written) rows given for a matrix of \(outputs) outputs")
    }
    self.kind = kind
    self.outputs = outputs
    self.inputs = inputs
    self.bias = bias
    self.memory = memory
    self.scalesAt = layout.scalesAt
  }

  /// One stored tensor as a matrix.
  package convenience init(
    _ bytes: RawSpan, as type: WeightType, kind: Kind, outputs: Int, inputs: Int,
    bias: [Float] = [], in arena: SlabArena
  ) throws(ComputeError) {
    try self.init(kind: kind, outputs: outputs, inputs: inputs, bias: bias, in: arena) {
      (writer) throws(ComputeError) in
      try writer.append(bytes, as: type, rows: outputs)
    }
  }

  /// As what its rows were stored, where nothing of that is lost; nil for `int8PerOutput`.
  package var storedType: WeightType? {
    switch kind {
    case .int8PerOutput: nil
    case .int8PerBlock: .q8_0
    case .float(let type): type
    }
  }

  /// Writes the row of one output byte for byte as it was stored; `storedType` is not nil.
  func copyStored(row output: Int, to row: UnsafeMutableRawPointer) {
    precondition(0..<outputs ~= output)
    switch kind {
    case .int8PerOutput: preconditionFailure("rows of int8PerOutput are not kept as stored")
    case .int8PerBlock:
      unsafe ck_unpack_q8(
        weights.assumingMemoryBound(to: UInt8.self), scales.assumingMemoryBound(to: UInt16.self),
        output, inputs, row)
    case .float(let type): unsafe ck_unpack_float(weights, output, inputs, type.element, row)
    }
  }

  /// Bytes of packed weights and scales.
  package var byteCount: Int { memory.count }
  /// Outputs of most kinds' panels: fewer take as much memory.
  package static let panelOutputs = CK_PANEL
  /// Outputs in one panel.
  var panelWidth: Int { kind == .int8PerBlock ? CK_Q8_PANEL : CK_PANEL }
  var panels: Int { (outputs + panelWidth - 1) / panelWidth }
  /// Panels of the kind's layout, see CKernels.h.
  var weights: UnsafeMutableRawPointer { unsafe memory.base }
  /// f32 [panels · 64] of `int8PerOutput`, and as many sums of rows; f16 [panels][inputs / 32][32]
  /// of `int8PerBlock`.
  var scales: UnsafeMutableRawPointer { unsafe memory.base + scalesAt }
}

/// Sizes of a packed matrix, checked.
private struct PackedLayout {
  let scalesAt: Int
  let scaleBytes: Int
  /// What stands for a zero weight.
  let emptyByte: UInt8

  init(kind: PackedMatrix.Kind, outputs: Int, inputs: Int) throws(ComputeError) {
    guard outputs > 0, inputs > 0, outputs <= 1 << 24, inputs <= CK_MAX_INPUTS else {
      throw ComputeError(
        "a matrix of \(outputs) outputs and \(inputs) inputs; "
          + "1 to \(1 << 24) and 1 to \(CK_MAX_INPUTS) are allowed")
    }
    let wide = CK_PANEL
    let narrow = CK_Q8_PANEL
    let padded = (outputs + wide - 1) / wide * wide
    switch kind {
    case .int8PerOutput:
      scalesAt = padded * ((inputs + 3) / 4 * 4)
      scaleBytes = 2 * padded * 4
      emptyByte = 128
    case .int8PerBlock:
      guard inputs % CK_Q8_BLOCK == 0 else {
        throw ComputeError("\(inputs) inputs in a Q8_0 matrix; a multiple of 32 is needed")
      }
      let padded = (outputs + narrow - 1) / narrow * narrow
      scalesAt = (padded * inputs + 63) / 64 * 64
      scaleBytes = padded * (inputs / CK_Q8_BLOCK) * 2
      emptyByte = 128
    case .float(let type):
      guard type != .q8_0 else { throw ComputeError("a Q8_0 matrix is packed as int8PerBlock") }
      scalesAt = padded * type.rowBytes(inputs)
      scaleBytes = 0
      emptyByte = 0
    }
  }
}
