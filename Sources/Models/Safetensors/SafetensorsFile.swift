package import Bytes
internal import JSON

// Safetensors (https://github.com/huggingface/safetensors#format):
//
//   file   = length:u64 header data
//   header = JSON of `length` bytes:
//            { name: { "dtype": type, "shape": [n…], "data_offsets": [begin, end] }…,
//              "__metadata__": { text: text… } }
//
// Offsets count from the start of data; the tensors cover it without gap or overlap.

/// A safetensors file: its tensors, all checked to lie inside the file.
package struct SafetensorsFile: Sendable {
  package let path: String
  /// In the order of their data.
  package let tensors: [Tensor]

  enum Limit {
    static let header = 16 << 20
    static let tensors = 65_536
    static let rank = 8
    static let nameLength = 1024
  }

  package init(path: String) throws(ModelError) {
    try self.init(map(path))
  }

  package init(_ file: MappedFile) throws(ModelError) {
    path = file.path
    do throws(SafetensorsProblem) {
      tensors = try Self.tensors(of: file)
    } catch {
      throw ModelError(error.code, file.path, "safetensors: \(error.reason)")
    }
  }

  private static func tensors(of file: MappedFile) throws(SafetensorsProblem) -> [Tensor] {
    var reader = SpanReader(file.bytes)
    let header: Range<Int>
    do throws(ReadError) {
      let length = try reader.integer("the header's length", as: UInt64.self)
      guard length <= Limit.header else {
        throw ReadError(
          offset: 0, expected: "a header of at most \(Limit.header) bytes, found \(length)",
          available: nil)
      }
      header = try reader.skip(length, "a header")
    } catch { throw SafetensorsProblem("\(error)") }
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(
        file.bytes.extracting(header), limits: .init(bytes: Limit.header, depth: 4))
    } catch { throw SafetensorsProblem("header: \(error)") }
    let entries = try entries(document.root)
    return try place(entries, from: header.upperBound, in: file)
  }

  private static func entries(_ root: JSONValue) throws(SafetensorsProblem) -> [SafetensorsEntry] {
    guard root.kind == .object else { throw SafetensorsProblem("the header is no JSON object") }
    guard root.count <= Limit.tensors else {
      throw SafetensorsProblem(
        "the header lists \(root.count) tensors; at most \(Limit.tensors) are allowed")
    }
    var entries: [SafetensorsEntry] = []
    entries.reserveCapacity(root.count)
    try root.forEachMember { (key, value) throws(SafetensorsProblem) in
      let name = unsafe key.withUnsafeBufferPointer {
        unsafe String(decoding: $0, as: UTF8.self)
      }
      guard key.count <= Limit.nameLength else {
        throw SafetensorsProblem(
          "a tensor's name has \(key.count) bytes; at most \(Limit.nameLength) are allowed")
      }
      if name != "__metadata__" { entries.append(try SafetensorsEntry(name: name, value)) }
    }
    return entries
  }

  private static func place(
    _ entries: [SafetensorsEntry], from start: Int, in file: MappedFile
  ) throws(SafetensorsProblem) -> [Tensor] {
    var tensors: [Tensor] = []
    tensors.reserveCapacity(entries.count)
    var position = 0
    let sorted = entries.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
    for entry in sorted {
      guard entry.begin == position else {
        let fault = entry.begin < position ? "overlaps the tensor before" : "leaves a gap before"
        throw SafetensorsProblem(
          "\(entry.name) begins at \(entry.begin) and \(fault): \(position) was expected")
      }
      guard entry.end <= file.count - start,
        let region = file.region(start + entry.begin..<start + entry.end)
      else {
        throw SafetensorsProblem(
          "\(entry.name) ends at \(entry.end), but the data has \(file.count - start) bytes")
      }
      position = entry.end
      tensors.append(
        Tensor(name: entry.name, shape: entry.shape, type: entry.type, region: region))
    }
    guard position == file.count - start else {
      throw SafetensorsProblem(
        "the data has \(file.count - start) bytes, but the tensors end at \(position)")
    }
    return tensors
  }
}

struct SafetensorsProblem: Error {
  var code = ModelError.Code.malformed
  let reason: String
  init(_ reason: String, code: ModelError.Code = .malformed) {
    self.code = code
    self.reason = reason
  }
}

/// One tensor as the header describes it; its size agrees with its shape and type.
struct SafetensorsEntry {
  let name: String
  let shape: [Int]
  let type: Tensor.ElementType
  let begin: Int
  let end: Int

  init(name: String, _ value: JSONValue) throws(SafetensorsProblem) {
    self.name = name
    guard let dtype = value["dtype"]?.string else {
      throw SafetensorsProblem("\(name) has no \"dtype\" string")
    }
    guard let type = Tensor.ElementType(rawValue: dtype), type != .q8_0 else {
      let allowed = Tensor.ElementType.allCases.filter { $0 != .q8_0 }.map(\.rawValue)
      throw SafetensorsProblem(
        "\(name) is \(dtype); \(allowed.joined(separator: ", ")) are supported",
        code: .unsupported)
    }
    self.type = type
    shape = try Self.integers(value["shape"], "shape", of: name, most: SafetensorsFile.Limit.rank)
    let offsets = try Self.integers(value["data_offsets"], "data_offsets", of: name, most: 2)
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw SafetensorsProblem("\(name): \"data_offsets\" must be [begin, end]")
    }
    (begin, end) = (offsets[0], offsets[1])
    guard let size = Tensor.byteCount(shape: shape, type: type), size == end - begin else {
      throw SafetensorsProblem(
        "\(name) has \(end - begin) bytes, which is not \(dtype) of the shape \(shape)")
    }
  }

  private static func integers(
    _ value: JSONValue?, _ key: String, of name: String, most: Int
  ) throws(SafetensorsProblem) -> [Int] {
    guard let elements = value?.elements, elements.count <= most else {
      throw SafetensorsProblem("\(name): \"\(key)\" must be an array of at most \(most) integers")
    }
    var integers: [Int] = []
    for element in elements {
      guard let integer = element.integer, integer >= 0 else {
        throw SafetensorsProblem("\(name): \"\(key)\" must hold integers from 0 up")
      }
      integers.append(integer)
    }
    return integers
  }
}
