internal import Compute
internal import Models

/// The weights of a linear layer as a graph has them, not packed yet: several layers of one input
/// (query, key and value) can be put together first.
struct LinearWeights: Sendable {
  /// A constant of the graph, or bytes that stand for multiples of a scale.
  enum Values: Sendable {
    case floats(GraphTensor)
    /// Signed, with a scale for each output. What is left of a zero point that does not fit into
    /// signed bytes: a weight is `(byte - zeros) · scale`; empty where all are 0.
    case bytes([Int8], scales: [Float], zeros: [Int])
  }

  let values: Values
  let inputs: Int
  let outputs: Int
  /// Whether a row of the values is an input's, as in MatMul, and not an output's.
  let isTurned: Bool
  /// What all weights are multiplied by.
  var factor: Float = 1
  /// For each output, or empty.
  var bias: [Float] = []

  /// Packs layers of the same input side by side.
  ///
  /// - Parameter isQuantized: floats become int8 too.
  static func pack(
    _ layers: [LinearWeights], isQuantized: Bool, in arena: SlabArena
  ) throws -> PackedMatrix {
    guard let first = layers.first else { throw GraphError("a linear layer without weights") }
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    let hasBias = layers.contains { !$0.bias.isEmpty }
    let biases = layers.map {
      $0.bias.isEmpty ? [Float](repeating: 0, count: $0.outputs) : $0.bias
    }
    let bias = hasBias ? Array(biases.joined()) : []
    let kind: PackedMatrix.Kind =
      isQuantized || first.isBytes ? .int8PerOutput : .float(.f32)
    return try PackedMatrix(
      kind: kind, outputs: outputs, inputs: first.inputs, bias: bias, in: arena
    ) { writer throws(ComputeError) in
      for layer in layers { try layer.append(to: &writer) }
    }
  }

  var isBytes: Bool { if case .bytes = values { true } else { false } }

  /// For each output the scale times what is left of its zero point; empty where nothing is.
  var corrections: [Float] {
    guard case .bytes(_, let scales, let zeros) = values, !zeros.isEmpty else { return [] }
    return zip(scales, zeros).map { -$0 * Float($1) }
  }

  private func append(to writer: inout PackedMatrixWriter) throws(ComputeError) {
    switch values {
    case .bytes(let bytes, let scales, _):
      for output in 0..<outputs {
        let row = (0..<inputs).map {
          bytes[isTurned ? $0 * outputs + output : output * inputs + $0]
        }
        try writer.append(row, scale: scales[output] * factor)
      }
    case .floats(let tensor):
      if !isTurned && factor == 1 {
        return try writer.append(tensor.bytes, as: .f32, rows: outputs)
      }
      let floats = tensor.values(Float.self)
      // Some outputs at once, so that each line of the cache is read once.
      for first in stride(from: 0, to: outputs, by: 16) {
        let count = min(16, outputs - first)
        var block = [Float](repeating: 0, count: count * inputs)
        for input in 0..<inputs {
          for output in 0..<count {
            let place =
              isTurned ? input * outputs + first + output : (first + output) * inputs + input
            block[output * inputs + input] = floats[place] * factor
          }
        }
        try writer.append(block)
      }
    }
  }
}
