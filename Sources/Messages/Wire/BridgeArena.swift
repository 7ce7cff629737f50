internal import CMessages

/// The calling thread's memory for decoding and encoding: a bump allocator with a budget.
///
/// Only for generated code, within one synchronous decode or encode.
@safe public struct BridgeArena {
  private let arena: UnsafeMutablePointer<cm_arena>

  /// nil without memory.
  static var current: BridgeArena? {
    guard let arena = unsafe cm_arena_current() else { return nil }
    return unsafe BridgeArena(arena: arena)
  }

  /// Starts a use that may take `budget` bytes.
  func mark(budget: Int) -> cm_mark {
    unsafe cm_arena_mark(arena, budget)
  }

  /// Ends a use and frees all it took.
  func release(_ mark: cm_mark) {
    unsafe cm_arena_release(arena, mark)
  }

  /// Memory for an encode, which has no budget: only the end of the machine's memory stops it.
  @usableFromInline
  func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe cm_arena_alloc(arena, size) else {
      preconditionFailure("out of memory while encoding a message")
    }
    return unsafe memory
  }
}

// MARK: Decoding

extension BridgeArena {
  /// Decodes into protobuf-c's structures within the limits.
  func unpack(
    _ bytes: UnsafeRawBufferPointer, _ layout: MessageLayout, _ limits: DecodingLimits,
    _ name: @autoclosure () -> String
  ) throws(DecodingError) -> UnsafeRawPointer {
    guard bytes.count <= Int(Int32.max) else {
      throw DecodingError(.tooLarge, in: name(), "\(bytes.count) bytes; a message has at most 2 GiB")
    }
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    // protobuf-c recurses for every level and believes every count, so look first, but only where
    // the schema and the size leave room for harm.
    let mayNest = layout.nesting.map { $0 > limits.depth } ?? true
    if mayNest || bytes.count > limits.elements {
      var state = cm_scan_state(
        depth: Int32(clamping: min(limits.depth, Self.greatestDepth)), elements: limits.elements,
        offset: 0)
      let verdict = unsafe cm_scan(layout.descriptor, start, bytes.count, &state)
      if let error = limits.error(verdict, state, name()) { throw error }
    }
    if let message = unsafe protobuf_c_message_unpack(
      layout.descriptor, &arena.pointee.allocator, bytes.count, start)
    {
      return UnsafeRawPointer(message)
    }
    if unsafe arena.pointee.exhausted {
      throw DecodingError(
        .tooLarge, in: name(),
        "decoding \(bytes.count) bytes takes more than \(limits.memory(encoded: bytes.count)) bytes")
    }
    // Broken somewhere; the walk finds out where.
    var state = cm_scan_state(depth: Int32(Self.greatestDepth), elements: .max, offset: 0)
    let verdict = unsafe cm_scan(layout.descriptor, start, bytes.count, &state)
    throw limits.error(verdict, state, name())
      ?? DecodingError(.malformed, in: name(), "its fields contradict each other")
  }

  /// protobuf-c takes about 1.5 KB of stack for each level.
  private static var greatestDepth: Int { 200 }
}

extension DecodingLimits {
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
        "messages nest deeper than \(depth) levels at byte \(state.offset)")
    case CM_TOO_MANY:
      DecodingError(
        .tooManyElements, in: name,
        "repeated fields have more than \(elements) elements at byte \(state.offset)")
    case CM_GROUP:
      DecodingError(.malformed, in: name, "a group, which is not supported, at byte \(state.offset)")
    case CM_WRONG_TYPE:
      DecodingError(.malformed, in: name, "a field of the wrong type at byte \(state.offset)")
    default:
      DecodingError(.malformed, in: name, "broken or cut off at byte \(state.offset)")
    }
  }
}
