internal import Bytes
internal import Messages

/// One input of a ModelInfer: its shape and its elements, of which there are as many as the shape
/// says before anything is made of them.
struct InputTensor {
  private let field: String
  private let rawField: String
  private let datatype: Datatype
  private let contents: OpenInference.InferTensorContents
  /// Nil where the contents are typed.
  private let raw: [UInt8]?
  /// How many elements there are.
  private let count: Int
  /// The first dimension.
  let instances: Int

  /// - Parameters:
  ///   - raw: the element of `raw_input_contents` that is this input's.
  ///   - expected: what the model takes.
  init(
    _ tensor: OpenInference.ModelInferRequest.InferInputTensor, at index: Int, raw: [UInt8]?,
    as expected: ModelSignature.Tensor, atMost maximum: Int, of model: String
  ) throws(Status) {
    field = "inputs[\(index)]"
    rawField = "raw_input_contents[\(index)]"
    self.raw = raw
    contents = tensor.contents ?? OpenInference.InferTensorContents()
    datatype = try Self.datatype(tensor, field, expected)
    (instances, count) = try Self.size(tensor.shape, field, expected)
    guard (1...maximum).contains(instances) else {
      throw Validation.invalid(
        "\(field).shape", "expected 1 to \(maximum) instances for \(model), got \(instances)")
    }
    try checkCount()
  }

  private static func datatype(
    _ tensor: OpenInference.ModelInferRequest.InferInputTensor, _ field: String,
    _ expected: ModelSignature.Tensor
  ) throws(Status) -> Datatype {
    let isText = expected.datatype == .bytes
    guard let datatype = Datatype(rawValue: tensor.datatype),
      isText ? datatype == .bytes : datatype.isNumber
    else {
      throw Validation.invalid(
        "\(field).datatype",
        "expected \(isText ? "BYTES" : "FP32, FP64 or a type of whole numbers"), got "
          + "`\(Validation.shown(tensor.datatype))`")
    }
    return datatype
  }

  /// Instances and elements of a shape. A text may stand in a dimension of its own.
  private static func size(
    _ shape: [Int64], _ field: String, _ expected: ModelSignature.Tensor
  ) throws(Status) -> (instances: Int, elements: Int) {
    let isText = expected.datatype == .bytes
    let rest = isText ? 1 : expected.shape.dropFirst().first ?? 1
    let isFitting =
      isText
      ? shape.count == 1 || (shape.count == 2 && shape[1] == 1)
      : shape.count == 2 && (rest < 0 ? shape[1] >= 0 : shape[1] == rest)
    guard isFitting, let first = shape.first, first >= 0 else {
      let allowed = isText ? "[N] or [N, 1]" : "[N, \(rest < 0 ? "W" : "\(rest)")]"
      throw Validation.invalid("\(field).shape", "expected \(allowed), got \(shown(shape))")
    }
    let (count, overflow) = first.multipliedReportingOverflow(by: isText ? 1 : shape[1])
    guard !overflow, let instances = Int(exactly: first), let elements = Int(exactly: count) else {
      throw Validation.invalid("\(field).shape", "\(shown(shape)) has more elements than there are")
    }
    return (instances, elements)
  }

  /// A shape as it may stand in an error: short.
  private static func shown(_ shape: [Int64]) -> String {
    shape.count <= 8 ? "\(shape)" : "\(shape.count) dimensions"
  }

  private func checkCount() throws(Status) {
    if let raw {
      guard let size = datatype.size else { return }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, raw.count == bytes else {
        throw Validation.invalid(
          rawField,
          "expected \(count) elements of \(size) bytes as the shape says, got \(raw.count) bytes")
      }
      return
    }
    let list = datatype.list ?? ""
    for other in contents.counts where other.count > 0 && other.list != list {
      throw Validation.invalid(
        "\(field).contents.\(other.list)", "elements of \(datatype.rawValue) stand in \(list)")
    }
    let given = contents.counts.first { $0.list == list }?.count ?? 0
    guard given == count else {
      throw Validation.invalid(
        "\(field).contents.\(list)", "expected \(count) elements as the shape says, got \(given)")
    }
  }

  // MARK: Elements

  func texts() throws(Status) -> [String] {
    if let raw {
      do throws(ReadError) {
        return try RawContents.texts(raw, count: count)
      } catch {
        throw Validation.invalid(rawField, error.description)
      }
    }
    var texts: [String] = []
    texts.reserveCapacity(count)
    for (index, bytes) in contents.bytesContents.enumerated() {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Validation.invalid("\(field)[\(index)]", "expected a text in UTF-8")
      }
      texts.append(text)
    }
    return texts
  }

  /// One row of features for each instance.
  func rows() throws(Status) -> [[Float]] {
    let floats = try floats()
    // Numbers that were no FP32 may be beyond it.
    if datatype == .fp64, let index = floats.firstIndex(where: { !$0.isFinite }) {
      throw Validation.invalid(
        "\(field)[\(index / max(1, count / instances))]",
        "element \(index) of the tensor is not finite as FP32, which the model computes on")
    }
    let width = count / instances
    return (0..<instances).map { Array(floats[$0 * width..<($0 + 1) * width]) }
  }

  private func floats() throws(Status) -> [Float] {
    if let raw {
      do throws(ReadError) {
        return try RawContents.floats(raw, datatype)
      } catch {
        throw Validation.invalid(rawField, error.description)
      }
    }
    switch datatype {
    case .fp32: return contents.fp32Contents
    case .fp64: return contents.fp64Contents.map { Float($0) }
    case .int8: return try floats(contents.intContents, in: -128...127)
    case .int16: return try floats(contents.intContents, in: -32_768...32_767)
    case .int32: return contents.intContents.map { Float($0) }
    case .int64: return contents.int64Contents.map { Float($0) }
    case .uint8: return try floats(contents.uintContents, in: 0...255)
    case .uint16: return try floats(contents.uintContents, in: 0...65_535)
    case .uint32: return contents.uintContents.map { Float($0) }
    case .uint64: return contents.uint64Contents.map { Float($0) }
    case .bool, .fp16, .bf16, .bytes: return []
    }
  }

  private func floats<Value: BinaryInteger>(
    _ values: [Value], in range: ClosedRange<Value>
  ) throws(Status) -> [Float] {
    if let index = values.firstIndex(where: { !range.contains($0) }) {
      throw Validation.invalid(
        "\(field).contents.\(datatype.list ?? "")[\(index)]",
        "expected \(range.lowerBound) to \(range.upperBound) as \(datatype.rawValue) has it, got "
          + "\(values[index])")
    }
    return values.map { Float($0) }
  }
}
