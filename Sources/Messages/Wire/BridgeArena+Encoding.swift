internal import CMessages

// What generated code stores into protobuf-c's structures.
//
// `borrow`, `scalars` and `byteStrings` store pointers into Swift arrays. Arrays on Linux have one
// contiguous, reference-counted store that moves only when mutated; the message that is being
// encoded owns it and is borrowed, so neither changed nor freed, until protobuf-c has read it.

extension BridgeArena {
  /// A structure with every field absent.
  @inlinable
  public func make<Structure>(
    _ type: Structure.Type, _ layout: MessageLayout
  ) -> UnsafeMutablePointer<Structure> {
    unsafe structure(layout).assumingMemoryBound(to: type)
  }

  /// A list of pointers to fill.
  @inlinable
  public func pointers<Structure>(
    _ count: Int
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Structure>?> {
    let memory = unsafe allocate(count * MemoryLayout<UnsafeMutableRawPointer>.stride)
    return unsafe memory.assumingMemoryBound(to: UnsafeMutablePointer<Structure>?.self)
  }

  /// Copies a text; `target` is a ProtobufCBinaryData.
  public func copy(_ text: String, to target: UnsafeMutableRawPointer) {
    var text = text
    let data = text.withUTF8 { utf8 in
      let memory = unsafe allocate(utf8.count)
      if let start = utf8.baseAddress {
        unsafe memory.copyMemory(from: start, byteCount: utf8.count)
      }
      return unsafe ProtobufCBinaryData(
        len: utf8.count, data: memory.assumingMemoryBound(to: UInt8.self))
    }
    unsafe target.storeBytes(of: data, as: ProtobufCBinaryData.self)
  }

  /// Points at bytes; `target` is a ProtobufCBinaryData.
  public func borrow(_ bytes: [UInt8], to target: UnsafeMutableRawPointer) {
    let (count, start) = unsafe scalars(bytes)
    unsafe target.storeBytes(
      of: ProtobufCBinaryData(len: count, data: start), as: ProtobufCBinaryData.self)
  }

  /// Points at numbers.
  @inlinable
  public func scalars<Number>(_ values: [Number]) -> (Int, UnsafeMutablePointer<Number>?) {
    if values.isEmpty { return (0, nil) }
    return unsafe values.withUnsafeBufferPointer {
      unsafe ($0.count, UnsafeMutablePointer(mutating: $0.baseAddress))
    }
  }

  public func bools(_ values: [Bool]) -> (Int, UnsafeMutablePointer<Int32>?) {
    if values.isEmpty { return (0, nil) }
    let list = unsafe allocate(values.count * MemoryLayout<Int32>.stride)
      .assumingMemoryBound(to: Int32.self)
    for (index, value) in values.enumerated() { unsafe list[index] = value ? 1 : 0 }
    return unsafe (values.count, list)
  }

  @inlinable
  public func enums<Value: OpenEnum>(_ values: [Value]) -> (Int, UnsafeMutablePointer<Int32>?) {
    if values.isEmpty { return (0, nil) }
    let list = unsafe allocate(values.count * MemoryLayout<Int32>.stride)
      .assumingMemoryBound(to: Int32.self)
    for (index, value) in values.enumerated() { unsafe list[index] = value.rawValue }
    return unsafe (values.count, list)
  }

  /// `Data` is ProtobufCBinaryData, which this module's interface does not name.
  @inlinable
  public func strings<Data>(_ values: [String]) -> (Int, UnsafeMutablePointer<Data>?) {
    if values.isEmpty { return (0, nil) }
    let list = unsafe allocate(values.count * MemoryLayout<Data>.stride)
    for (index, value) in values.enumerated() {
      unsafe copy(value, to: list + index * MemoryLayout<Data>.stride)
    }
    return unsafe (values.count, list.assumingMemoryBound(to: Data.self))
  }

  /// `Data` is ProtobufCBinaryData, which this module's interface does not name.
  @inlinable
  public func byteStrings<Data>(_ values: [[UInt8]]) -> (Int, UnsafeMutablePointer<Data>?) {
    if values.isEmpty { return (0, nil) }
    let list = unsafe allocate(values.count * MemoryLayout<Data>.stride)
    for (index, value) in values.enumerated() {
      unsafe borrow(value, to: list + index * MemoryLayout<Data>.stride)
    }
    return unsafe (values.count, list.assumingMemoryBound(to: Data.self))
  }

  @inlinable
  public func messages<Element: BridgedMessage, Structure>(
    _ values: [Element]
  ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Structure>?>?) {
    if values.isEmpty { return (0, nil) }
    let list: UnsafeMutablePointer<UnsafeMutablePointer<Structure>?> =
      unsafe pointers(values.count)
    for (index, value) in values.enumerated() {
      unsafe list[index] = value.bridge(in: self).assumingMemoryBound(to: Structure.self)
    }
    return unsafe (values.count, list)
  }
}
