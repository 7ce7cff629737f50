internal import Bytes
internal import Compute
internal import Models

extension Tensor {
  /// How Compute reads this tensor's values.
  func weightType() throws(InferenceError) -> WeightType {
    switch type {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .q8_0: .q8_0
    case .f64, .i64, .i32, .i16, .i8, .u8, .bool:
      throw InferenceError(
        .invalidModel,
        "tensor \(name) is \(type.rawValue); weights are F32, F16, BF16 or Q8_0")
    }
  }

  /// The values of a small tensor (a norm, a bias) as floats, all of them finite.
  func vector() throws(InferenceError) -> [Float] {
    guard let values = floats() else {
      throw InferenceError(
        .invalidModel, "tensor \(name) is \(type.rawValue); a vector of floats is needed")
    }
    guard values.allSatisfy(\.isFinite) else {
      throw InferenceError(.invalidModel, "tensor \(name): \(ComputeError.notFinite)")
    }
    return values
  }
}

extension PackedMatrix {
  /// One matrix of the rows of all `tensors`, one below the other; they share the input width.
  ///
  /// - Parameters:
  ///   - kind: nil keeps what the tensors hold, and widens to f32 where they differ in type.
  ///   - arena: that of their model.
  static func packing(
    _ tensors: [Tensor], kind: Kind? = nil, bias: [Float] = [], in arena: SlabArena
  ) throws(InferenceError) -> PackedMatrix {
    var types: [WeightType] = []
    for tensor in tensors {
      guard tensor.shape.count == 2, tensor.shape[1] == tensors[0].shape[1] else {
        throw InferenceError(
          .invalidModel, "tensor \(tensor.name) of shape \(tensor.shape) is no weight matrix here")
      }
      types.append(try tensor.weightType())
    }
    let mixed = types.contains { $0 != types[0] }
    let kept = mixed ? Kind.float(.f32) : lossless(types[0])
    var names = tensors.map(\.name).joined(separator: ", ")
    do throws(ComputeError) {
      return try PackedMatrix(
        kind: kind ?? kept, outputs: tensors.reduce(0) { $0 + $1.shape[0] },
        inputs: tensors[0].shape[1], bias: bias, in: arena
      ) { (writer) throws(ComputeError) in
        for (tensor, type) in zip(tensors, types) {
          names = tensor.name
          if kind == nil && mixed {
            try writer.append(tensor.floats() ?? [])
          } else {
            try writer.append(tensor.region.bytes, as: type, rows: tensor.shape[0])
          }
        }
      }
    } catch {
      throw InferenceError(.invalidModel, "tensor \(names): \(error)")
    }
  }
}
