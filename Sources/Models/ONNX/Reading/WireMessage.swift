internal import Bytes
internal import Messages

/// A message of the format: which of its fields are decoded, and which are walked over as they may
/// be large or hold others that are. All others are passed over.
struct WireSchema {
  let name: String
  let decoded: FieldSet
  let walked: FieldSet

  static let model = WireSchema(name: "ModelProto", decoded: [1, 2, 3, 8, 14], walked: [7, 25])
  static let graph = WireSchema(name: "GraphProto", decoded: [2], walked: [1, 5, 11, 12, 13, 15])
  static let node = WireSchema(name: "NodeProto", decoded: [1, 2, 3, 4, 7, 8], walked: [5])
  static let attribute = WireSchema(
    name: "AttributeProto", decoded: [1, 2, 3, 4, 7, 8, 9, 14, 15, 20, 21],
    walked: [5, 6, 10, 11])
  static let tensor = WireSchema(
    name: "TensorProto", decoded: [1, 2, 6, 8, 13, 14], walked: [3, 4, 5, 7, 9, 10, 11])
  static let value = WireSchema(name: "ValueInfoProto", decoded: [1, 2], walked: [])
  static let function = WireSchema(
    name: "FunctionProto", decoded: [1, 4, 5, 6, 9, 10, 13], walked: [7, 11])
}

/// Numbers of fields, all below 64.
struct FieldSet: ExpressibleByArrayLiteral {
  private var bits: UInt64 = 0

  init(arrayLiteral numbers: Int...) {
    for number in numbers { bits |= 1 << UInt64(number) }
  }

  func contains(_ number: Int) -> Bool { number < 64 && bits >> UInt64(number) & 1 == 1 }
}

/// A message taken to pieces; the ranges are of the file.
struct WirePieces {
  /// Fields for the decoder; neighbours are one range.
  private(set) var decoded: [Range<Int>] = []
  /// The others that matter, in their order.
  private(set) var walked: [WireField] = []
  /// Fields in all, also those that are passed over.
  private(set) var count = 0

  /// Most pieces of one message.
  static let limit = 1 << 20

  init(_ bytes: RawSpan, _ range: Range<Int>, _ schema: WireSchema) throws(ONNXProblem) {
    var reader = WireReader(bytes, range)
    do throws(ReadError) {
      while let field = try reader.next() {
        count += 1
        if schema.walked.contains(field.number) {
          walked.append(field)
        } else if !schema.decoded.contains(field.number) {
          continue
        } else if let last = decoded.last, last.upperBound == field.whole.lowerBound {
          decoded[decoded.count - 1] = last.lowerBound..<field.whole.upperBound
        } else {
          decoded.append(field.whole)
        }
        guard walked.count <= Self.limit, decoded.count <= Self.limit else {
          throw ReadError(
            offset: field.whole.lowerBound, expected: "at most \(Self.limit) parts",
            available: nil)
        }
      }
    } catch { throw ONNXProblem(.malformed, "\(schema.name): \(error)") }
  }

  func fields(_ number: Int) -> [WireField] { walked.filter { $0.number == number } }

  /// The one field of that number; nil where there is none.
  func field(_ number: Int) throws(ONNXProblem) -> WireField? {
    let found = fields(number)
    guard found.count <= 1 else {
      throw ONNXProblem(
        .malformed,
        "at byte \(found[1].whole.lowerBound): field \(number) may stand once in a message")
    }
    return found.first
  }

  /// Bytes that the decoder gets.
  var decodedCount: Int { decoded.reduce(0) { $0 + $1.count } }

  /// Decodes what is small.
  func decode<Message: BridgedMessage>(
    _: Message.Type = Message.self, of file: MappedFile
  ) throws(ONNXProblem) -> Message {
    let limits = DecodingLimits(parts: 1 << 22)
    do throws(DecodingError) {
      if let only = decoded.first, decoded.count == 1 {
        return try unsafe file.bytes.extracting(only).withUnsafeBytes {
          bytes throws(DecodingError) in
          try unsafe Message(decoding: bytes, limits: limits)
        }
      }
      var joined: [UInt8] = []
      joined.reserveCapacity(decodedCount)
      for range in decoded {
        unsafe file.bytes.extracting(range).withUnsafeBytes {
          unsafe joined.append(contentsOf: $0)
        }
      }
      return try Message(joined, limits: limits)
    } catch { throw ONNXProblem(.malformed, "\(error)") }
  }
}
