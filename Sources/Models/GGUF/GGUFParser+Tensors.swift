internal import Bytes

extension GGUFParser {
  /// A tensor's entry as it stands in the file.
  private struct Entry {
    let name: String
    /// Outermost first.
    let dimensions: [UInt64]
    let type: UInt32
    /// From the start of the data.
    let offset: UInt64
    /// Where the entry stands, for messages.
    let position: Int
  }

  /// Reads all entries, then checks each against the data that follows them.
  mutating func tensors(alignment: Int) throws(GGUFProblem) -> [Tensor] {
    var entries: [Entry] = []
    entries.reserveCapacity(tensorCount)
    do throws(ReadError) {
      var reader = try SpanReader(file.bytes, at: offset)
      for _ in 0..<tensorCount { entries.append(try Self.entry(&reader)) }
      offset = reader.offset
    } catch { throw GGUFProblem(error) }

    let dataStart = (offset + alignment - 1) / alignment * alignment
    var names: Set<String> = []
    var tensors: [Tensor] = []
    names.reserveCapacity(tensorCount)
    tensors.reserveCapacity(tensorCount)
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        throw .malformed(
          offset: entry.position, "each tensor may stand once, found \(entry.name) again")
      }
      tensors.append(try tensor(entry, dataStart: dataStart, alignment: alignment))
    }
    try Self.checkOverlaps(tensors)
    return tensors
  }

  private static func entry(_ reader: inout SpanReader) throws(ReadError) -> Entry {
    let position = reader.offset
    let length = try reader.integer("the length of a tensor's name", as: UInt64.self)
    guard length <= GGUFFile.Limit.nameLength else {
      throw ReadError(
        offset: position,
        expected:
          "a tensor's name of at most \(GGUFFile.Limit.nameLength) bytes, found \(length)",
        available: nil)
    }
    let name = try reader.string(length, "a tensor's name")
    let rankPosition = reader.offset
    let rank = try reader.integer("the rank of \(name)", as: UInt32.self)
    guard 1...GGUFFile.Limit.rank ~= Int(rank) else {
      throw ReadError(
        offset: rankPosition,
        expected: "a rank from 1 to \(GGUFFile.Limit.rank) for \(name), found \(rank)",
        available: nil)
    }
    var dimensions: [UInt64] = []
    for _ in 0..<rank { dimensions.append(try reader.integer("a dimension of \(name)")) }
    return Entry(
      name: name, dimensions: dimensions.reversed(),
      type: try reader.integer("the type of \(name)"),
      offset: try reader.integer("the offset of \(name)"), position: position)
  }

  private func tensor(
    _ entry: Entry, dataStart: Int, alignment: Int
  ) throws(GGUFProblem) -> Tensor {
    guard let type = GGMLType.elementType(entry.type) else {
      throw .unsupported(
        "tensor \(entry.name) is \(GGMLType.name(entry.type)); "
          + "F32, F16, BF16 and Q8_0 are supported")
    }
    let shape = entry.dimensions.compactMap { Int(exactly: $0) }
    guard shape.count == entry.dimensions.count, shape.allSatisfy({ $0 > 0 }),
      let size = Tensor.byteCount(shape: shape, type: type)
    else {
      throw .malformed(
        offset: entry.position,
        "tensor \(entry.name) has the shape \(entry.dimensions), which \(type.rawValue) "
          + "(rows of whole blocks of \(type.blockLength)) cannot have")
    }
    guard let start = Int(exactly: entry.offset), start % alignment == 0 else {
      throw .malformed(
        offset: entry.position,
        "tensor \(entry.name) lies at \(entry.offset), no multiple of the alignment \(alignment)")
    }
    let available = file.count - dataStart
    guard start <= available, size <= available - start,
      let region = file.region(dataStart + start..<dataStart + start + size)
    else {
      throw .malformed(
        offset: entry.position,
        "tensor \(entry.name) takes \(size) bytes from \(start), but the data has "
          + "\(max(0, available)) bytes")
    }
    return Tensor(name: entry.name, shape: shape, type: type, region: region)
  }

  private static func checkOverlaps(_ tensors: [Tensor]) throws(GGUFProblem) {
    let placed = tensors.sorted { $0.region.range.lowerBound < $1.region.range.lowerBound }
    for (tensor, next) in zip(placed, placed.dropFirst())
    where tensor.region.range.upperBound > next.region.range.lowerBound {
      throw .malformed(
        offset: next.region.range.lowerBound, "tensors \(tensor.name) and \(next.name) overlap")
    }
  }
}
