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
  @inlinable
  public init(
    decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits
  ) throws(DecodingError) {
    let layout = Self.layout
    let arena = try BridgeArena(decoding: bytes.count, layout, limits)
    defer { arena.leave() }
    let source = try unsafe arena.unpack(bytes, layout, limits)
    try unsafe self.init(bridging: source)
  }

  @inlinable
  public func encode(reserve: (Int) -> UnsafeMutableRawBufferPointer) {
    let arena = BridgeArena()
    defer { arena.leave() }
    unsafe arena.pack(bridge(in: arena), reserve)
  }

  @inlinable
  public var encodedSize: Int {
    let arena = BridgeArena()
    defer { arena.leave() }
    return unsafe arena.packedSize(bridge(in: arena))
  }
}
