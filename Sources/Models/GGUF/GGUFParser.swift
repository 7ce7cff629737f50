internal import Bytes

/// Reads the parts of a GGUF file in their order. Every count is checked against the bytes that
/// are left before room for it is made.
struct GGUFParser {
  let version: UInt32
  let file: MappedFile
  let tensorCount: Int
  private let entryCount: Int
  /// Where the part that comes next begins.
  var offset: Int

  init(_ file: MappedFile) throws(GGUFProblem) {
    self.file = file
    var reader = SpanReader(file.bytes)
    do throws(ReadError) {
      let magic = try reader.integer("the magic \"GGUF\"", as: UInt32.self)
      guard magic == 0x4655_4747 else {
        throw ReadError(offset: 0, expected: "the magic \"GGUF\"", available: nil)
      }
      version = try reader.integer("the version")
    } catch { throw GGUFProblem(error) }
    try Self.checkVersion(version)
    do throws(ReadError) {
      let tensors = try reader.integer("the number of tensors", as: UInt64.self)
      let entries = try reader.integer("the number of metadata entries", as: UInt64.self)
      offset = reader.offset
      // A tensor takes at least 33 bytes, an entry 13.
      tensorCount = try Self.count(
        tensors, of: "tensors", size: 33, most: GGUFFile.Limit.tensors, at: 8, reader.remaining)
      entryCount = try Self.count(
        entries, of: "metadata entries", size: 13, most: GGUFFile.Limit.entries, at: 16,
        reader.remaining)
    } catch { throw GGUFProblem(error) }
  }

  private static func checkVersion(_ version: UInt32) throws(GGUFProblem) {
    if version == 2 || version == 3 { return }
    if version.byteSwapped == 2 || version.byteSwapped == 3 {
      throw .unsupported("the file is big-endian; convert it to little-endian")
    }
    throw .unsupported("version \(version); versions 2 and 3 are supported")
  }

  private static func count(
    _ value: UInt64, of what: String, size: Int, most: Int, at offset: Int, _ remaining: Int
  ) throws(ReadError) -> Int {
    let allowed = min(most, remaining / size)
    guard value <= allowed else {
      throw ReadError(
        offset: offset,
        expected: "at most \(allowed) \(what) in a file of this size, found \(value)",
        available: nil)
    }
    return Int(value)
  }

  mutating func metadata() throws(GGUFProblem) -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    metadata.reserveCapacity(entryCount)
    do throws(ReadError) {
      var reader = try SpanReader(file.bytes, at: offset)
      for _ in 0..<entryCount {
        let start = reader.offset
        let length = try reader.integer("the length of a key", as: UInt64.self)
        guard length <= GGUFFile.Limit.keyLength else {
          throw ReadError(
            offset: start,
            expected: "a key of at most \(GGUFFile.Limit.keyLength) bytes, found \(length)",
            available: nil)
        }
        let key = try reader.string(length, "a key")
        let type = try Self.type(&reader, of: key)
        let value = try value(of: type, key: key, &reader)
        guard metadata.updateValue(value, forKey: key) == nil else {
          throw ReadError(
            offset: start, expected: "each key once, found \(key) again", available: nil)
        }
      }
      offset = reader.offset
    } catch { throw GGUFProblem(error) }
    return metadata
  }

  private static func type(
    _ reader: inout SpanReader, of key: String
  ) throws(ReadError) -> GGUFType {
    let start = reader.offset
    let number = try reader.integer("the type of \(key)", as: UInt32.self)
    guard let type = GGUFType(rawValue: number) else {
      throw ReadError(
        offset: start, expected: "a type from 0 to 12 for \(key), found \(number)",
        available: nil)
    }
    return type
  }

  private func value(
    of type: GGUFType, key: String, _ reader: inout SpanReader
  ) throws(ReadError) -> GGUFValue {
    switch type {
    case .uint8: return .integer(Int64(try reader.integer(key, as: UInt8.self)))
    case .int8: return .integer(Int64(try reader.integer(key, as: Int8.self)))
    case .uint16: return .integer(Int64(try reader.integer(key, as: UInt16.self)))
    case .int16: return .integer(Int64(try reader.integer(key, as: Int16.self)))
    case .uint32: return .integer(Int64(try reader.integer(key, as: UInt32.self)))
    case .int32: return .integer(Int64(try reader.integer(key, as: Int32.self)))
    case .int64: return .integer(try reader.integer(key, as: Int64.self))
    case .uint64:
      let value = try reader.integer(key, as: UInt64.self)
      return Int64(exactly: value).map(GGUFValue.integer) ?? .unsigned(value)
    case .float32: return .real(Double(try reader.float(key)))
    case .float64: return .real(try reader.double(key))
    case .bool:
      let start = reader.offset
      let byte = try reader.integer(key, as: UInt8.self)
      guard byte <= 1 else {
        throw ReadError(
          offset: start, expected: "0 or 1 for \(key), found \(byte)", available: nil)
      }
      return .boolean(byte == 1)
    case .string:
      let length = try reader.integer("the length of \(key)", as: UInt64.self)
      return .string(try reader.string(length, key))
    case .array: return .array(try array(key: key, depth: 1, &reader))
    }
  }

  /// Steps over an array and returns where its elements lie.
  private func array(
    key: String, depth: Int, _ reader: inout SpanReader
  ) throws(ReadError) -> GGUFArray {
    guard depth <= GGUFFile.Limit.arrayDepth else {
      throw ReadError(
        offset: reader.offset,
        expected: "arrays nested at most \(GGUFFile.Limit.arrayDepth) deep in \(key)",
        available: nil)
    }
    let type = try Self.type(&reader, of: "the elements of \(key)")
    let count = try Self.count(
      try reader.integer("the length of \(key)", as: UInt64.self), of: "elements of \(key)",
      size: type.leastSize, most: .max, at: reader.offset - 8, reader.remaining)
    let start = reader.offset
    if let size = type.size {
      _ = try reader.skip(count * size, "elements of \(key)")
    } else {
      for _ in 0..<count {
        if type == .string {
          let length = try reader.integer("the length of a string in \(key)", as: UInt64.self)
          _ = try reader.skip(length, "a string in \(key)")
        } else {
          _ = try array(key: key, depth: depth + 1, &reader)
        }
      }
    }
    guard let region = file.region(start..<reader.offset) else {
      throw ReadError(offset: start, expected: "elements of \(key)", available: 0)
    }
    return GGUFArray(elementType: type, count: count, region: region)
  }

  static func alignment(_ metadata: [String: GGUFValue]) throws(GGUFProblem) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .integer(let number) = value, let alignment = Int(exactly: number),
      GGUFFile.Limit.alignment ~= alignment, alignment & (alignment - 1) == 0
    else {
      throw .unsupported(
        "general.alignment must be a power of two from \(GGUFFile.Limit.alignment.lowerBound) "
          + "to \(GGUFFile.Limit.alignment.upperBound)")
    }
    return alignment
  }
}
