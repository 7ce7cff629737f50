/// What a message of a model's file is, as far as its fields hold others.
enum WireKind: Int, Hashable, Sendable {
  case list, model, graph, node, attribute, tensor, value, type, tensorType, listType, mapType
  case shape, dimension, function, opset, pair

  func kind(of field: Int) -> WireKind? {
    switch (self, field) {
    case (.list, 1): .model
    case (.model, 7): .graph
    case (.model, 8), (.function, 9): .opset
    case (.model, 14), (.tensor, 13): .pair
    case (.model, 25): .function
    case (.graph, 1), (.function, 7): .node
    case (.graph, 5), (.attribute, 5), (.attribute, 10): .tensor
    case (.graph, 11), (.graph, 12), (.graph, 13): .value
    case (.node, 5), (.function, 11): .attribute
    case (.attribute, 6), (.attribute, 11): .graph
    case (.attribute, 14), (.attribute, 15), (.value, 2), (.listType, 1), (.mapType, 2): .type
    case (.type, 1), (.type, 8): .tensorType
    case (.type, 4), (.type, 9): .listType
    case (.type, 5): .mapType
    case (.tensorType, 2): .shape
    case (.shape, 1): .dimension
    default: nil
    }
  }

  /// Whether a field is a list of varints in one piece.
  func isPacked(_ field: Int) -> Bool {
    switch (self, field) {
    case (.tensor, 1), (.tensor, 5), (.tensor, 7), (.tensor, 11), (.attribute, 8): true
    default: false
    }
  }
}

/// A message as a tree of fields, which can be changed and written again.
struct WireField: Sendable {
  enum Value: Sendable {
    case varint(UInt64)
    case fixed([UInt8])
    case bytes([UInt8])
    case packed([UInt64])
    case message(WireKind, [WireField])
  }
  var number: Int
  var value: Value
}

/// Reads and writes protobuf's wire format; the files are ours and whole.
enum WireTree {
  static func read(_ bytes: ArraySlice<UInt8>, _ kind: WireKind) -> [WireField] {
    var fields: [WireField] = []
    var place = bytes.startIndex
    while place < bytes.endIndex {
      let tag = varint(bytes, &place)
      let number = Int(tag >> 3)
      switch tag & 7 {
      case 0: fields.append(WireField(number: number, value: .varint(varint(bytes, &place))))
      case 1, 5:
        let end = place + (tag & 7 == 1 ? 8 : 4)
        fields.append(WireField(number: number, value: .fixed(Array(bytes[place..<end]))))
        place = end
      default:
        let end = Int(varint(bytes, &place)) + place
        let piece = bytes[place..<end]
        place = end
        if let inner = kind.kind(of: number) {
          fields.append(WireField(number: number, value: .message(inner, read(piece, inner))))
        } else if kind.isPacked(number) {
          fields.append(WireField(number: number, value: .packed(numbers(piece))))
        } else {
          fields.append(WireField(number: number, value: .bytes(Array(piece))))
        }
      }
    }
    return fields
  }

  private static func numbers(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
    var place = bytes.startIndex
    var numbers: [UInt64] = []
    while place < bytes.endIndex { numbers.append(varint(bytes, &place)) }
    return numbers
  }

  private static func varint(_ bytes: ArraySlice<UInt8>, _ place: inout Int) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < bytes.endIndex {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { break }
      shift += 7
    }
    return value
  }

  static func write(_ fields: [WireField], to bytes: inout [UInt8]) {
    for field in fields {
      let tag = UInt64(field.number) << 3
      switch field.value {
      case .varint(let value):
        append(tag, to: &bytes)
        append(value, to: &bytes)
      case .fixed(let value):
        append(tag | (value.count == 8 ? 1 : 5), to: &bytes)
        bytes += value
      case .bytes(let value):
        append(tag | 2, to: &bytes)
        append(UInt64(value.count), to: &bytes)
        bytes += value
      case .packed(let values):
        append(tag | 2, to: &bytes)
        appendPiece(to: &bytes) { for value in values { append(value, to: &$0) } }
      case .message(_, let inner):
        append(tag | 2, to: &bytes)
        appendPiece(to: &bytes) { write(inner, to: &$0) }
      }
    }
  }

  /// A piece with its length, of three bytes whatever it is, in front.
  private static func appendPiece(to bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
    let start = bytes.count
    bytes += [0, 0, 0]
    body(&bytes)
    let length = bytes.count - start - 3
    bytes[start] = UInt8(length & 0x7F | 0x80)
    bytes[start + 1] = UInt8(length >> 7 & 0x7F | 0x80)
    bytes[start + 2] = UInt8(length >> 14 & 0x7F)
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
