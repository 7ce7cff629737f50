package import Bytes

// GGUF, little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md):
//
//   file     = "GGUF" version:u32 tensors:u64 entries:u64 entry* tensor* padding data
//   entry    = key:string type:u32 value
//   string   = length:u64 utf8*
//   array    = type:u32 count:u64 value*
//   tensor   = name:string rank:u32 dimension:u64* type:u32 offset:u64
//
// Offsets count from the start of data, which is aligned to `general.alignment` (32 by default),
// as every tensor is.

/// A GGUF file of version 2 or 3: its metadata and tensors, all checked to lie inside the file.
package struct GGUFFile: Sendable {
  package let path: String
  package let version: UInt32
  package let metadata: [String: GGUFValue]
  /// In the file's order.
  package let tensors: [Tensor]

  /// Bounds on what a file may hold, far above what models need.
  enum Limit {
    static let entries = 65_536
    static let tensors = 65_536
    static let keyLength = 65_535
    static let nameLength = 255
    static let rank = 4
    static let arrayDepth = 4
    static let alignment = 8...65_536
  }

  package init(path: String) throws(ModelError) {
    try self.init(map(path))
  }

  package init(_ file: MappedFile) throws(ModelError) {
    path = file.path
    do throws(GGUFProblem) {
      var parser = try GGUFParser(file)
      version = parser.version
      metadata = try parser.metadata()
      tensors = try parser.tensors(alignment: GGUFParser.alignment(metadata))
    } catch {
      switch error {
      case .malformed(let offset, let reason):
        throw ModelError(.malformed, file.path, "GGUF: at byte \(offset): \(reason)")
      case .unsupported(let reason):
        throw ModelError(.unsupported, file.path, "GGUF: \(reason)")
      }
    }
  }
}

/// Why a GGUF file is refused, before its path is known.
enum GGUFProblem: Error {
  case malformed(offset: Int, String)
  case unsupported(String)

  init(_ error: ReadError) {
    let left = error.available.map { ", but only \($0) bytes are left" } ?? ""
    self = .malformed(offset: error.offset, "expected \(error.expected)\(left)")
  }
}
