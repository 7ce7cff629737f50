internal import Bytes
internal import Inference
internal import Models

/// An array as NumPy saves it (`numpy.save`):
///
///     file   = "\x93NUMPY" major:u8 minor:u8 length header data
///     length = u16 (version 1) | u32 (2, 3)
///     header = Python's text of {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3)}
///
/// The header is read as NumPy writes it and no Python besides.
struct NumPyFile {
  let type: ONNXElementType
  let shape: [Int]
  private let data: FileRegion

  private static let types: [String: ONNXElementType] = [
    "<f4": .float, "<f8": .double, "<f2": .float16, "|b1": .bool, "|u1": .uint8, "|i1": .int8,
    "<u2": .uint16, "<i2": .int16, "<u4": .uint32, "<i4": .int32, "<u8": .uint64, "<i8": .int64,
  ]

  init(path: String) throws(QuantizationError) {
    let file: MappedFile
    do throws(FileError) {
      file = try MappedFile(path: path)
    } catch { throw QuantizationError("\(error)") }
    try self.init(file)
  }

  init(_ file: MappedFile) throws(QuantizationError) {
    do throws(ReadError) {
      var reader = SpanReader(file.bytes)
      let magic: UInt64 = try reader.integer("NumPy's mark")
      guard magic & 0xFFFF_FFFF_FFFF == 0x5950_4D55_4E93 else {
        throw ReadError(offset: 0, expected: "NumPy's mark", available: nil)
      }
      let length: Int =
        magic >> 48 & 0xFF == 1
        ? Int(try reader.integer("the header's length", as: UInt16.self))
        : Int(try reader.integer("the header's length", as: UInt32.self))
      let start = reader.offset
      let header = try reader.string(min(length, 1 << 16), "the header")
      guard let type = Self.value("descr", in: header, "'").flatMap({ Self.types[$0] }),
        header.contains("'fortran_order': False"),
        let shape = Self.value("shape", in: header, ")").flatMap(Self.sizes)
      else {
        throw ReadError(
          offset: start, expected: "an array of numbers, row by row (numpy.ascontiguousarray)",
          available: nil)
      }
      guard let count = try? GraphTensor.count(shape, limit: 1 << 30),
        let size = type.byteCount(of: count), size == reader.remaining,
        let region = file.region(reader.offset..<file.count)
      else {
        throw ReadError(
          offset: reader.offset, expected: "the numbers of an array of the shape \(shape)",
          available: reader.remaining)
      }
      (self.type, self.shape, data) = (type, shape, region)
    } catch { throw QuantizationError("\(file.path): \(error)") }
  }

  /// The text of an entry, up to what ends it.
  private static func value(_ key: String, in header: String, _ end: Character) -> String? {
    guard let place = header.firstRange(of: "'\(key)': ") else { return nil }
    return header[place.upperBound...].dropFirst().split(
      separator: end, maxSplits: 1, omittingEmptySubsequences: false
    ).first.map(String.init)
  }

  private static func sizes(_ text: String) -> [Int]? {
    var sizes: [Int] = []
    for part in text.split(separator: ",") {
      guard let size = Int(part.drop { $0 == " " }), size >= 0 else { return nil }
      sizes.append(size)
    }
    return sizes.count <= ONNXModel.Limit.rank ? sizes : nil
  }

  /// The numbers in another shape of as many.
  func tensor(_ shape: [Int], _ budget: MemoryBudget) throws -> GraphTensor {
    try .make(ONNXTensor(name: "", elementType: type, shape: shape, data: data), budget)
  }
}
