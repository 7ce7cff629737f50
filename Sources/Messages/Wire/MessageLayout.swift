internal import CMessages

/// What the runtime knows of a message's structure in C.
///
/// `@unchecked Sendable`: it points at protobuf-c's descriptor, which is constant for the life of
/// the process.
@safe public struct MessageLayout: @unchecked Sendable {
  let descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  /// Levels of messages within messages that the schema allows; `Int.max` if a message can hold
  /// its own kind, so that only the encoded bytes end it.
  let nesting: Int
  /// Full protobuf name.
  var name: String { unsafe String(cString: descriptor.pointee.name) }

  /// - Parameter initialize: protobuf-c's `…__init` of the message.
  public init<Structure>(_ initialize: (UnsafeMutablePointer<Structure>?) -> Void) {
    unsafe descriptor = withUnsafeTemporaryAllocation(of: Structure.self, capacity: 1) { memory in
      unsafe initialize(memory.baseAddress)
      // Every structure begins with its ProtobufCMessage, and that with the descriptor.
      return unsafe UnsafeRawBufferPointer(memory).load(
        as: UnsafePointer<ProtobufCMessageDescriptor>.self)
    }
    var walk = NestingWalk()
    nesting = unsafe walk.nesting(below: descriptor) ?? .max
  }
}

/// Finds how deep a schema can nest, with an early end where it has no end.
private struct NestingWalk {
  /// By the descriptors' addresses.
  private var known: [UInt: Int] = [:]
  private var open: Set<UInt> = []

  mutating func nesting(below type: UnsafePointer<ProtobufCMessageDescriptor>) -> Int? {
    let key = UInt(bitPattern: type)
    if let depth = known[key] { return depth }
    guard open.insert(key).inserted else { return nil }
    var deepest = 0
    for index in 0..<Int(unsafe type.pointee.n_fields) {
      let field = unsafe type.pointee.fields + index
      guard unsafe field.pointee.type == PROTOBUF_C_TYPE_MESSAGE,
        let inner = unsafe field.pointee.descriptor
      else { continue }
      guard
        let depth = unsafe nesting(
          below: inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self))
      else { return nil }
      deepest = max(deepest, depth + 1)
    }
    open.remove(key)
    known[key] = deepest
    return deepest
  }
}
