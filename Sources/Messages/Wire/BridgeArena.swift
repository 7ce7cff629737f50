internal import CMessages

/// The calling thread's memory for decoding and encoding: a bump allocator with a budget.
///
/// Only for generated code, within one synchronous decode or encode.
@safe public struct BridgeArena {
  private let arena: UnsafeMutablePointer<cm_arena>

  /// Starts a decode of that many bytes.
  @usableFromInline
  init(
    decoding count: Int, _ layout: MessageLayout, _ limits: DecodingLimits
  ) throws(DecodingError) {
    guard count <= Int(Int32.max) else {
      throw DecodingError(.tooLarge, in: layout.name, "\(count) bytes; a message has at most 2 GiB")
    }
    guard let arena = unsafe cm_arena_current(),
      unsafe cm_arena_enter(arena, limits.memory(encoded: count))
    else { throw DecodingError(.tooLarge, in: layout.name, "there is no memory to decode it") }
    unsafe self.arena = unsafe arena
  }

  /// Starts an encode, which has no budget: its bounds are those of the value.
  @usableFromInline
  init() {
    guard let arena = unsafe cm_arena_current(), unsafe cm_arena_enter(arena, .max) else {
      preconditionFailure("out of memory while encoding a message")
    }
    unsafe self.arena = unsafe arena
  }

  /// Ends the decode or encode and frees all it took.
  @usableFromInline
  func leave() {
    unsafe cm_arena_leave(arena)
  }
}

// MARK: Encoding

extension BridgeArena {
  /// Memory of this encode.
  @usableFromInline
  func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe cm_arena_alloc(arena, size) else {
      preconditionFailure("out of memory while encoding a message")
    }
    return unsafe memory
  }

  /// protobuf-c's structure of a message with every field absent.
  @usableFromInline
  func structure(_ layout: MessageLayout) -> UnsafeMutableRawPointer {
    guard let memory = unsafe cm_arena_message(arena, layout.descriptor) else {
      preconditionFailure("out of memory while encoding a message")
    }
    return unsafe memory
  }

  /// Bytes that a filled structure takes when it is encoded.
  @usableFromInline
  func packedSize(_ structure: UnsafeMutableRawPointer) -> Int {
    unsafe protobuf_c_message_get_packed_size(
      structure.assumingMemoryBound(to: ProtobufCMessage.self))
  }

  /// Encodes a filled structure.
  @usableFromInline
  func pack(
    _ structure: UnsafeMutableRawPointer, _ reserve: (Int) -> UnsafeMutableRawBufferPointer
  ) {
    let message = unsafe structure.assumingMemoryBound(to: ProtobufCMessage.self)
    let size = unsafe packedSize(structure)
    let memory = unsafe reserve(size)
    precondition(memory.count >= size, "reserve returned less memory than it was asked for")
    guard let start = memory.baseAddress else { return }
    unsafe protobuf_c_message_pack(message, start.assumingMemoryBound(to: UInt8.self))
  }
}

// MARK: Decoding

extension BridgeArena {
  /// Decodes into protobuf-c's structures within the limits.
  @usableFromInline
  func unpack(
    _ bytes: UnsafeRawBufferPointer, _ layout: MessageLayout, _ limits: DecodingLimits
  ) throws(DecodingError) -> UnsafeRawPointer {
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    // protobuf-c recurses for every level and believes every count, so look first, but only where
    // the schema and the size leave room for harm.
    if layout.nesting > limits.boundedDepth || bytes.count > limits.elements
      || bytes.count / 2 > limits.parts
    {
      var state = cm_scan_state(
        depth: Int32(limits.boundedDepth), elements: max(0, limits.elements),
        parts: max(0, limits.parts), offset: 0)
      let verdict = unsafe cm_scan(layout.descriptor, start, bytes.count, &state)
      if let error = limits.error(verdict, state, layout.name) { throw error }
    }
    if let message = unsafe protobuf_c_message_unpack(
      layout.descriptor, &arena.pointee.allocator, bytes.count, start)
    {
      return UnsafeRawPointer(message)
    }
    throw unsafe whyNotUnpacked(bytes, layout, limits)
  }

  private func whyNotUnpacked(
    _ bytes: UnsafeRawBufferPointer, _ layout: MessageLayout, _ limits: DecodingLimits
  ) -> DecodingError {
    if unsafe arena.pointee.exhausted {
      return DecodingError(
        .tooLarge, in: layout.name,
        "decoding \(bytes.count) bytes takes more than \(limits.memory(encoded: bytes.count)) bytes"
      )
    }
    // Broken somewhere; the walk finds out where.
    var state = cm_scan_state(
      depth: Int32(DecodingLimits.greatestDepth), elements: .max, parts: .max, offset: 0)
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let verdict = unsafe cm_scan(layout.descriptor, start, bytes.count, &state)
    return limits.error(verdict, state, layout.name)
      ?? DecodingError(.malformed, in: layout.name, "its fields contradict each other")
  }
}

extension DecodingLimits {
  /// Whatever a caller allows: protobuf-c takes about 1.5 KB of stack for each level.
  fileprivate static var greatestDepth: Int { 200 }
  fileprivate var boundedDepth: Int { max(0, min(depth, Self.greatestDepth)) }

  /// Bytes that decoding a message of that size may take.
  func memory(encoded: Int) -> Int {
    let (product, overflow) = encoded.multipliedReportingOverflow(by: max(expansion, 0))
    if overflow { return .max }
    let (sum, carry) = product.addingReportingOverflow(4096)
    return carry ? .max : sum
  }

  fileprivate func error(
    _ verdict: cm_verdict, _ state: cm_scan_state, _ name: String
  ) -> DecodingError? {
    switch verdict {
    case CM_FINE: nil
    case CM_TOO_DEEP:
      DecodingError(
        .tooDeep, in: name,
        "messages nest deeper than \(boundedDepth) levels at byte \(state.offset)")
    case CM_TOO_MANY:
      DecodingError(
        .tooManyElements, in: name,
        "repeated fields have more than \(elements) elements at byte \(state.offset)")
    case CM_TOO_MANY_PARTS:
      DecodingError(
        .tooManyElements, in: name,
        "more than \(parts) messages, texts and lists at byte \(state.offset); send fewer in one "
          + "message, or numbers in packed lists")
    case CM_GROUP:
      DecodingError(
        .malformed, in: name, "a group, which is not supported, at byte \(state.offset)")
    case CM_WRONG_TYPE:
      DecodingError(.malformed, in: name, "a field of the wrong type at byte \(state.offset)")
    default:
      DecodingError(.malformed, in: name, "broken or cut off at byte \(state.offset)")
    }
  }
}
