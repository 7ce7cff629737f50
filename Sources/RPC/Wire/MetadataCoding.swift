internal import Bytes
internal import HTTP2
internal import Messages

/// Metadata to and from header fields.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Custom-Metadata)
enum MetadataCoding {
  /// Names that belong to HTTP or gRPC and are no metadata, except the one gRPC exposes.
  static func isMetadata(_ field: HeaderBlock.Field) -> Bool {
    let name = unsafe field.name
    guard let first = unsafe name.first, first != UInt8(ascii: ":") else { return false }
    if first == UInt8(ascii: "g"), unsafe name.starts(with: "grpc-".utf8) {
      return field.isNamed("grpc-previous-rpc-attempts")
    }
    if field.isNamed("te") || field.isNamed("content-type") { return false }
    return unsafe name.allSatisfy(isNameByte)
  }

  /// Of gRPC's own names, those that a server may add to a status.
  private static let sendable: Set = ["grpc-retry-pushback-ms", "grpc-accept-encoding"]

  /// Appends one received field.
  ///
  /// - Returns: false if it is a `-bin` field that is no base64.
  static func append(_ field: HeaderBlock.Field, to metadata: inout Metadata) -> Bool {
    let name = unsafe String(decoding: field.name, as: UTF8.self)
    let value = unsafe trimmed(field.value)
    guard unsafe isBinary(field.name) else {
      metadata.append(name, unsafe String(decoding: value, as: UTF8.self))
      return true
    }
    var rest = unsafe value
    while true {
      let comma = unsafe rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.count
      let part = unsafe UnsafeRawBufferPointer(rebasing: rest[..<comma])
      guard let bytes = unsafe Base64.decode(trimmed(part)) else { return false }
      metadata.append(name, binary: bytes)
      guard comma < rest.count else { return true }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[(comma + 1)...])
    }
  }

  /// Appends metadata to be sent.
  ///
  /// - Returns: what is wrong with it; nil if all was appended.
  static func append(
    _ metadata: Metadata, to headers: inout HeaderList, limit: Int
  ) -> Problem? {
    let before = headers.listSize
    for entry in metadata.entries {
      guard !entry.name.isEmpty, isName(entry.name.utf8.span) else {
        return Problem("metadata name \"\(entry.name)\" has other bytes than 0-9 a-z _ . -")
      }
      guard !entry.name.hasPrefix("grpc-") || sendable.contains(entry.name) else {
        return Problem("metadata name \"\(entry.name)\" is reserved for gRPC")
      }
      switch entry.value {
      case .text(let text):
        guard ASCIIText.isPrintable(text) else {
          return Problem("metadata \(entry.name) is not printable ASCII; use a -bin name for bytes")
        }
        headers.append(entry.name, text, changes: entry.changes)
      case .binary(let bytes):
        guard entry.name.hasSuffix("-bin") else {
          return Problem("metadata \(entry.name) carries bytes, so its name must end in -bin")
        }
        headers.append(entry.name, bytes: Base64.encode(bytes))
      }
    }
    let size = headers.listSize - before
    return size <= limit ? nil : Problem(size: size, limit: limit)
  }

  private static func isName(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where !isNameByte(bytes[index]) { return false }
    return true
  }

  /// Why metadata cannot be sent.
  struct Problem: CustomStringConvertible {
    let description: String
    var isTooLarge = false

    fileprivate init(_ description: String) { self.description = description }

    fileprivate init(size: Int, limit: Int) {
      description = "metadata of \(size) bytes is over the limit of \(limit) bytes"
      isTooLarge = true
    }

    /// - Parameter place: `initial` or `trailing`.
    func status(_ place: String) -> Status {
      guard isTooLarge else { return Status(.internal, "\(place) \(self)") }
      let limit = Limit.responseMetadataSize
      return Status(.internal, "\(place) \(self) (\(limit.rawValue))", cause: limit)
    }
  }

  static func isBinary(_ name: UnsafeRawBufferPointer) -> Bool {
    unsafe name.count >= 4 && name.suffix(4).elementsEqual("-bin".utf8)
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// Without blanks at either end.
  static func trimmed(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    var end = value.count
    while start < end, unsafe isBlank(value[start]) { start += 1 }
    while end > start, unsafe isBlank(value[end - 1]) { end -= 1 }
    return unsafe UnsafeRawBufferPointer(rebasing: value[start..<end])
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}
