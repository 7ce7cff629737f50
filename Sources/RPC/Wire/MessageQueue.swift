internal import Bytes
internal import Messages

//   front                    scanned                 end
//   | message | message | …  | flag length payload… (incomplete) |
//     `ready` complete ones    DATA frame edges mean nothing

/// Incoming messages of one call: bytes in as they arrive, whole payloads out.
struct MessageQueue: ~Copyable {
  /// Memory kept while empty; more is given back.
  private static let idleCapacity = 4 << 10

  private var buffer = ByteBuffer()
  /// Offset from the front at which the first incomplete message begins.
  private var scanned = 0
  /// Complete messages in the buffer.
  private(set) var ready = 0
  private let sizeLimit: Int

  init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

  /// Bytes held.
  var count: Int { buffer.count }
  /// A message has begun and not ended.
  var hasPartial: Bool { partial > 0 }
  /// Bytes of the message that has begun and not ended.
  var partial: Int { buffer.count - scanned }

  /// Appends bytes and finds what is complete.
  ///
  /// - Throws: INTERNAL for a flag that the call's encoding does not allow, RESOURCE_EXHAUSTED for
  ///   a message over the limit. The queue takes nothing more then.
  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(Status) {
    unsafe buffer.append(bytes)
    while buffer.count - scanned >= Framing.prefixSize {
      let (flag, length) = prefix(at: scanned)
      guard flag == 0 else {
        throw Status(
          .internal,
          flag == 1
            ? "a message is flagged as compressed, but the call has no grpc-encoding"
            : "message flag \(flag) is neither 0 nor 1")
      }
      guard length <= sizeLimit else {
        throw Framing.oversized(length, limit: sizeLimit)
      }
      let end = scanned + Framing.prefixSize + length
      guard buffer.count >= end else {
        // One allocation of the final size instead of doublings.
        _ = unsafe buffer.reserve(min(end - buffer.count, 1 << 20))
        return
      }
      scanned = end
      ready += 1
    }
  }

  /// Hands the first complete message's payload to `body` and drops it.
  ///
  /// - Returns: the payload's size; nil if none is complete.
  mutating func poll<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Int? {
    guard ready > 0 else { return nil }
    let length = prefix(at: 0).length
    let end = Framing.prefixSize + length
    defer { drop(end) }
    try unsafe buffer.withUnsafeBytes { (bytes) throws(Failure) in
      unsafe try body(UnsafeRawBufferPointer(rebasing: bytes[Framing.prefixSize..<end]))
    }
    return length
  }

  mutating func removeAll() {
    buffer.removeAll(keepingCapacity: 0)
    scanned = 0
    ready = 0
  }

  private mutating func drop(_ count: Int) {
    buffer.consume(count)
    scanned -= count
    ready -= 1
    if buffer.isEmpty { buffer.removeAll(keepingCapacity: Self.idleCapacity) }
  }

  private func prefix(at offset: Int) -> (flag: UInt8, length: Int) {
    unsafe buffer.withUnsafeBytes { bytes in
      let length = unsafe bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt32.self)
      return unsafe (bytes[offset], Int(UInt32(bigEndian: length)))
    }
  }
}
