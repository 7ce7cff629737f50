internal import CMessages

/// A message whose wire format protobuf-c speaks: values cross between a Swift structure and
/// protobuf-c's, field by field, in the thread's arena.
///
/// Generated code conforms; the two requirements below are for it alone.
public protocol BridgedMessage: Message {
  /// protobuf-c's description of the message.
  static var layout: MessageLayout { get }

  /// Copies the fields out of protobuf-c's structure of this message.
  init(bridging source: UnsafeRawPointer) throws(DecodingError)

  /// Makes protobuf-c's structure of this value. Its memory is the arena's and this value's own:
  /// it is valid until the arena is released and only while this value lives.
  func bridge(in arena: BridgeArena) -> UnsafeMutableRawPointer
}

extension BridgedMessage {
  public init(
    decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits
  ) throws(DecodingError) {
    guard let arena = BridgeArena.current else {
      throw DecodingError(.tooLarge, in: Self.messageName, "there is no memory to decode it")
    }
    let mark = unsafe arena.mark(budget: limits.memory(encoded: bytes.count))
    defer { unsafe arena.release(mark) }
    let source = try unsafe arena.unpack(bytes, Self.layout, limits, Self.messageName)
    try unsafe self.init(bridging: source)
  }

  public func encode(reserve: (Int) -> UnsafeMutableRawBufferPointer) {
    guard let arena = BridgeArena.current else { preconditionFailure("no memory for an arena") }
    let mark = unsafe arena.mark(budget: .max)
    defer { unsafe arena.release(mark) }
    let structure = unsafe bridge(in: arena).assumingMemoryBound(to: ProtobufCMessage.self)
    let size = unsafe protobuf_c_message_get_packed_size(structure)
    let memory = unsafe reserve(size)
    precondition(memory.count >= size, "reserve returned less memory than it was asked for")
    guard let start = memory.baseAddress else { return }
    unsafe protobuf_c_message_pack(structure, start.assumingMemoryBound(to: UInt8.self))
  }

  /// Decodes one message from an array.
  public init(
    _ bytes: [UInt8], limits: DecodingLimits = .standard
  ) throws(DecodingError) {
    var result: Result<Self, DecodingError>?
    unsafe bytes.withUnsafeBytes { buffer in
      result = Result { () throws(DecodingError) in
        try unsafe Self(decoding: buffer, limits: limits)
      }
    }
    guard let result else { preconditionFailure("withUnsafeBytes calls its body") }
    self = try result.get()
  }

  /// The encoded message as an array.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    unsafe encode { size in
      bytes = [UInt8](repeating: 0, count: size)
      return unsafe bytes.withUnsafeMutableBytes { unsafe $0 }
    }
    return bytes
  }
}
