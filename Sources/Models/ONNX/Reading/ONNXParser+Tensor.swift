internal import Bytes

extension ONNXParser {
  /// Reads a tensor; its values stay in the file wherever they lie there as they are used.
  mutating func tensor(_ field: WireField) throws(ONNXProblem) -> ONNXTensor {
    let pieces = try split(field, .tensor)
    let header: Onnx.TensorProto = try decode(pieces)
    let name = header.name ?? ""
    do throws(ONNXProblem) {
      return try tensor(name, header, pieces)
    } catch {
      // A file that is not there is one problem, however many tensors lie in it.
      if error.code == .unreadable { throw error }
      let title = name.isEmpty ? "a tensor" : "the tensor \(ONNXProblem.shown(name))"
      throw ONNXProblem(error.code, "\(title): \(error.reason)")
    }
  }

  private mutating func tensor(
    _ name: String, _ header: Onnx.TensorProto, _ pieces: WirePieces
  ) throws(ONNXProblem) -> ONNXTensor {
    let type = try ONNXElementType(number: header.dataType ?? 0)
    let (shape, count) = try Self.shape(header.dims)
    if try pieces.field(3) != nil {
      throw ONNXProblem(.unsupported, "it is a segment of a larger tensor")
    }
    let fields = pieces.walked.filter { !$0.value.isEmpty }
    let kinds = Set(fields.map(\.number))
    let isExternal = header.dataLocation == .external
    guard kinds.count + (header.stringData.isEmpty ? 0 : 1) + (isExternal ? 1 : 0) <= 1 else {
      throw ONNXProblem(.malformed, "its values stand in two places")
    }
    guard type != .string else {
      guard kinds.isEmpty, !isExternal, header.stringData.count == count else {
        throw ONNXProblem(
          .malformed,
          "it has the shape \(shape) and so \(count) texts, but there are "
            + "\(header.stringData.count)")
      }
      return ONNXTensor(name: name, shape: shape, strings: header.stringData)
    }
    guard let size = type.byteCount(of: count) else {
      throw ONNXProblem(.malformed, "the shape \(shape) is too large")
    }
    let data: FileRegion
    if isExternal {
      data = try externalData.region(header.externalData, size: size)
    } else if kinds.contains(9) {
      guard fields.count == 1, fields[0].isLengthDelimited,
        let region = file.region(fields[0].value)
      else { throw ONNXProblem(.malformed, "its values are no bytes, or stand there twice") }
      data = region
    } else if let kind = kinds.first {
      data = try numbers(fields, kind, type, name)
    } else if header.stringData.isEmpty {
      data = MappedFile(contents: [], name: name).region
    } else {
      throw ONNXProblem(.malformed, "it is \(type.name), and its values are texts")
    }
    guard data.count == size else {
      throw ONNXProblem(
        .malformed,
        "it is \(type.name) of the shape \(shape) and so takes \(size) bytes, but it has "
          + "\(data.count)")
    }
    return ONNXTensor(name: name, elementType: type, shape: shape, data: data)
  }

  /// A shape as it can be counted with, and the number of elements.
  private static func shape(_ dims: [Int64]) throws(ONNXProblem) -> ([Int], Int) {
    guard dims.count <= ONNXModel.Limit.rank else {
      throw ONNXProblem(
        .unsupported,
        "it has \(dims.count) dimensions; at most \(ONNXModel.Limit.rank) are supported")
    }
    // Without the zeros, so that no product of some of them overflows either.
    var count = 1
    for dimension in dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, Int(dimension)))
      guard dimension >= 0, !overflow else {
        throw ONNXProblem(.malformed, "it cannot have the shape \(dims)")
      }
      count = product
    }
    return (dims.map { Int($0) }, dims.contains(0) ? 0 : count)
  }

  /// The values of a list of numbers: what lies in the file as it is used stays there, all else is
  /// written anew.
  private mutating func numbers(
    _ fields: [WireField], _ kind: Int, _ type: ONNXElementType, _ name: String
  ) throws(ONNXProblem) -> FileRegion {
    guard let list = NumberList(field: kind), list.holds(type) else {
      throw ONNXProblem(.malformed, "it is \(type.name), and its values stand in field \(kind)")
    }
    if !list.isVarint, fields.count == 1, let region = file.region(fields[0].value) {
      return region
    }
    // A number takes at least a byte.
    let count = fields.reduce(0) { $0 + $1.value.count }
    try charge(count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(list.isVarint ? count : 2 * count)
    for field in fields {
      try list.append(field.value, of: file.bytes, as: type, to: &bytes)
    }
    return MappedFile(contents: bytes, name: name).region
  }
}

extension ONNXTensor {
  /// The same under another name.
  func named(_ name: String) -> ONNXTensor {
    elementType == .string
      ? ONNXTensor(name: name, shape: shape, strings: strings)
      : ONNXTensor(name: name, elementType: elementType, shape: shape, data: data)
  }
}
