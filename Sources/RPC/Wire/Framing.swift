internal import Bytes
internal import Messages

/// How messages stand in a body: flag(1) length(4, big-endian) payload(length).
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Length-Prefixed-Message)
enum Framing {
  static let prefixSize = 5

  /// Frames a message that is written in place.
  ///
  /// - Returns: room for exactly its `size` bytes, at the end of `buffer`.
  static func append(
    size: Int, to buffer: inout ByteBuffer
  ) -> UnsafeMutableRawBufferPointer {
    let total = prefixSize + size
    let target = unsafe buffer.reserve(total)
    unsafe target[0] = 0
    unsafe target.storeBytes(
      of: UInt32(truncatingIfNeeded: size).bigEndian, toByteOffset: 1, as: UInt32.self)
    buffer.commit(total)
    return unsafe UnsafeMutableRawBufferPointer(rebasing: target[prefixSize..<total])
  }

  /// The end of a call whose message is too large.
  static func oversized(_ size: Int, limit: Int) -> Status {
    var status = Status(
      .resourceExhausted,
      "a message of \(size) bytes is over the limit of \(limit) bytes "
        + "(\(Limit.messageSize.rawValue))",
      cause: Limit.messageSize)
    status.add(.messageTooLarge)
    return status
  }
}
