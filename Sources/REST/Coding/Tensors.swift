internal import JSON
internal import Messages

extension ApusV1.NamedTensors {
  /// `tensors`: an object of tensors by name.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    guard let named = try fields.object("tensors") else { return }
    var tensors: [String: ApusV1.Tensor] = [:]
    try named.value.forEachMember { (key, value) throws(FieldError) in
      let name = Fields.text(key)
      let tensor = try Fields(value, at: named.place(String(name.prefix(100))))
      tensors[name] = try ApusV1.Tensor(tensor)
    }
    self.tensors = tensors
  }

  func write(to json: inout JSONWriter) {
    json.object { json in
      for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        json.key(name)
        tensor.write(to: &json)
      }
    }
  }
}

extension ApusV1.Tensor.DataType {
  /// Those that JSON can carry, by the name they have there.
  static let named: [(name: String, type: ApusV1.Tensor.DataType)] = [
    ("BOOL", .bool), ("UINT8", .uint8), ("UINT16", .uint16), ("UINT32", .uint32),
    ("UINT64", .uint64), ("INT8", .int8), ("INT16", .int16), ("INT32", .int32), ("INT64", .int64),
    ("FP32", .fp32), ("FP64", .fp64), ("BYTES", .bytes),
  ]

  var name: String {
    switch self {
    case .fp16: "FP16"
    case .bf16: "BF16"
    default: Self.named.first { $0.type == self }?.name ?? "UNKNOWN"
    }
  }

  /// What integers of the type can be.
  fileprivate var range: ClosedRange<Int>? {
    switch self {
    case .uint8: 0...255
    case .uint16: 0...65_535
    case .uint32: 0...0xffff_ffff
    case .uint64: 0...Int.max
    case .int8: -128...127
    case .int16: -32_768...32_767
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .int64: Int.min...Int.max
    default: nil
    }
  }
}

// MARK: - Reading

extension ApusV1.Tensor {
  /// `{"data_type", "shape", "data"}`: the data nested as the shape says, or flat. Without a shape
  /// it is what the nesting makes it.
  init(_ fields: Fields) throws(FieldError) {
    try fields.allowOnly(["data_type", "shape", "data"])
    try self.init(fields, type: "data_type")
  }

  /// - Parameter key: the member that names the type.
  init(_ fields: Fields, type key: String) throws(FieldError) {
    self.init()
    let name = try fields.requiredString(key)
    guard let type = DataType.named.first(where: { $0.name == name })?.type else {
      throw fields.error(
        key,
        "expected one of \(DataType.named.map(\.name).joined(separator: ", "))")
    }
    dataType = type
    guard let data = fields.member("data") else {
      throw fields.error("data", "is missing; expected an array")
    }
    var nesting: [Int64] = []
    try append(data, fields.place("data"), depth: 0, &nesting)
    shape = try Self.shape(fields) ?? nesting
    let count = nesting.reduce(1, *)
    guard shape.reduce(Optional(Int64(1)), Self.product) == count else {
      throw fields.error("data", "has \(count) elements; the shape \(shape) asks for others")
    }
  }

  private static func product(_ left: Int64?, _ right: Int64) -> Int64? {
    guard let left else { return nil }
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : product
  }

  private static func shape(_ fields: Fields) throws(FieldError) -> [Int64]? {
    guard let elements = try fields.array("shape") else { return nil }
    var shape: [Int64] = []
    for (index, element) in elements.enumerated() {
      guard let size = Fields.integer(element), size >= 0 else {
        throw fields.unexpected("shape[\(index)]", element, "a whole number from 0")
      }
      shape.append(Int64(size))
    }
    return shape
  }

  /// Adds what is below one value, and checks that all arrays of one depth are as long.
  private mutating func append(
    _ value: JSONValue, _ place: String, depth: Int, _ nesting: inout [Int64]
  ) throws(FieldError) {
    guard let elements = value.elements else { return try append(scalar: value, place) }
    if depth == nesting.count {
      nesting.append(Int64(elements.count))
    } else if nesting[depth] != elements.count {
      throw FieldError(
        place, "has \(elements.count) elements, the ones beside it have \(nesting[depth])")
    }
    let isLast = !elements.contains { $0.kind == .array }
    for (index, element) in elements.enumerated() {
      guard isLast || element.kind == .array else {
        throw FieldError("\(place)[\(index)]", "expected an array as beside it")
      }
      guard isLast else {
        try append(element, "\(place)[\(index)]", depth: depth + 1, &nesting)
        continue
      }
      guard depth + 1 == nesting.count else {
        throw FieldError(place, "is nested less deeply than the ones beside it")
      }
      try append(scalar: element, "\(place)[\(index)]")
    }
  }

  private mutating func append(
    scalar value: JSONValue, _ place: @autoclosure () -> String
  ) throws(FieldError) {
    func unexpected(_ expected: String) -> FieldError {
      FieldError(place(), "expected \(expected), got \(Fields.article(value))")
    }
    switch dataType {
    case .fp32:
      guard let number = value.number else { throw unexpected("a number") }
      floats.append(Float(number))
    case .fp64:
      guard let number = value.number else { throw unexpected("a number") }
      doubles.append(number)
    case .bool:
      guard let truth = value.boolean else { throw unexpected("true or false") }
      ints.append(truth ? 1 : 0)
    case .bytes:
      guard let text = value.string else { throw unexpected("a string") }
      byteStrings.append(Array(text.utf8))
    default:
      guard let range = dataType.range, let number = Fields.integer(value), range.contains(number)
      else { throw unexpected("a whole number that \(dataType.name) can hold") }
      append(number)
    }
  }

  private mutating func append(_ number: Int) {
    switch dataType {
    case .int64: longs.append(Int64(number))
    case .uint64: ulongs.append(UInt64(number))
    case .uint8, .uint16, .uint32: uints.append(UInt32(number))
    default: ints.append(Int32(number))
    }
  }
}

// MARK: - Writing

extension ApusV1.Tensor {
  /// The data is written flat, row by row.
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("data_type", dataType.name)
      json.key("shape")
      json.array(shape) { json, size in json.integer(size) }
      json.key("data")
      writeData(to: &json)
    }
  }

  func writeData(to json: inout JSONWriter) {
    switch dataType {
    case .fp32: json.array(floats) { json, value in json.number(value) }
    case .fp64: json.array(doubles) { json, value in json.number(value) }
    case .bool: json.array(ints) { json, value in json.boolean(value != 0) }
    case .int64: json.array(longs) { json, value in json.integer(value) }
    case .uint64: json.array(ulongs) { json, value in json.integer(value) }
    case .uint8, .uint16, .uint32: json.array(uints) { json, value in json.integer(value) }
    case .bytes:
      json.array(byteStrings) { json, value in json.string(String(decoding: value, as: UTF8.self)) }
    default: json.array(ints) { json, value in json.integer(value) }
    }
  }
}
