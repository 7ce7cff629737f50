/// A file's tensors by name, taken out one by one with the shape they must have. What is left at
/// the end is unknown to the architecture and refused: a bias passed over would give wrong answers.
struct TensorTable {
  private let path: String
  private var tensors: [String: Tensor]

  init(_ tensors: [Tensor], path: String) {
    self.path = path
    self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
  }

  func contains(_ name: String) -> Bool { tensors[name] != nil }

  func shape(_ name: String) -> [Int]? { tensors[name]?.shape }

  /// The tensor of that name.
  mutating func take(_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor {
    guard let tensor = tensors.removeValue(forKey: name) else {
      throw ModelError(.malformed, path, "there is no tensor \(name)")
    }
    guard tensor.shape == shape else {
      throw ModelError(
        .malformed, path,
        "tensor \(name) has the shape \(tensor.shape); \(shape) follows from the configuration")
    }
    switch tensor.type {
    case .f32, .f16, .bf16, .q8_0: return tensor
    case .f64, .i64, .i32, .i16, .i8, .u8, .bool:
      throw ModelError(
        .unsupported, path,
        "tensor \(name) is \(tensor.type.rawValue); F32, F16, BF16 and Q8_0 are supported")
    }
  }

  /// The tensor of that name, if the file has it.
  mutating func takeIfPresent(_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor? {
    contains(name) ? try take(name, shape) : nil
  }

  /// Drops tensors that have no part in the answer.
  mutating func ignore(_ names: String...) {
    for name in names { tensors[name] = nil }
  }

  /// Refuses what nobody took.
  func finish(architecture: String) throws(ModelError) {
    guard let first = tensors.keys.min() else { return }
    throw ModelError(
      .unsupported, path,
      "tensor \(first) has no place in the \(architecture) architecture as it is supported"
        + (tensors.count > 1 ? " (nor have \(tensors.count - 1) more)" : ""))
  }
}
