import Messages

/// Bytes in the place of a message, whatever they are.
struct RawMessage: Message {
  static let messageName = "bytes"
  var bytes: [UInt8] = []

  init() {}
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws(DecodingError) {
    unsafe self.bytes = Array(bytes)
  }

  var encodedSize: Int { bytes.count }
  func encode(reserve: (Int) -> UnsafeMutableRawBufferPointer) {
    unsafe reserve(bytes.count).copyBytes(from: bytes)
  }
}

extension Payload {
  /// The message's bytes.
  var raw: [UInt8] {
    switch unsafe self {
    case .bytes(let bytes): unsafe Array(bytes)
    case .whole(let message): message.encoded()
    }
  }
}
