internal import Glibc

/// One received header block: fields flat in memory that every block of a session uses again.
///
/// Grammar of `bytes`: name value name value …; `fields` has the lengths.
@safe
package struct HeaderBlock: ~Copyable {
  /// Borrowed from the block: valid until the next block begins.
  @safe
  package struct Field {
    package let name: UnsafeRawBufferPointer
    package let value: UnsafeRawBufferPointer
  }
  struct Extent: Equatable, Sendable {
    var start: UInt32
    var name: UInt32
    var value: UInt32
  }
  private var memory: UnsafeMutableRawPointer
  private var capacity = 1024
  private var used = 0
  private var extents: UnsafeMutablePointer<Extent>
  private var extentCapacity = 32
  /// Fields kept.
  package private(set) var count = 0
  /// Sum of the fields' sizes, counted on even where storing stopped.
  package private(set) var listSize = 0
  /// Value of the one field that differs from head to head (`SessionOptions.apartName`), kept
  /// beside the others so that the rest of two heads can be compared; at most 64 bytes.
  package private(set) var apart: [UInt8] = []
  /// Fields beyond the limit were counted, not kept.
  package private(set) var isTruncated = false

  /// A field's share of the header list size (RFC 9113, section 6.5.2).
  ///
  /// - Parameter bytes: of name and value.
  static func fieldSize(_ bytes: Int) -> Int { bytes + 32 }

  init() {
    unsafe memory = .allocate(byteCount: capacity, alignment: 8)
    unsafe extents = .allocate(capacity: extentCapacity)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe extents.deallocate()
  }

  package subscript(_ index: Int) -> Field {
    precondition(index >= 0 && index < count, "no such field")
    let extent = unsafe extents[index]
    let start = unsafe memory + Int(extent.start)
    return unsafe Field(
      name: UnsafeRawBufferPointer(start: start, count: Int(extent.name)),
      value: UnsafeRawBufferPointer(
        start: start + Int(extent.name), count: Int(extent.value)))
  }

  mutating func reset() {
    used = 0
    listSize = 0
    isTruncated = false
    if !apart.isEmpty { apart.removeAll(keepingCapacity: true) }
    count = 0
  }

  /// Counts a field of that size.
  ///
  /// - Returns: whether it may be kept: no field has yet passed `limit`.
  mutating func admits(_ size: Int, limit: Int) -> Bool {
    listSize += size
    if listSize > limit { isTruncated = true }
    return !isTruncated
  }

  /// Keeps a copy of an admitted field.
  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let end = used + name.count + value.count
    if end > capacity { grow(to: end) }
    if count == extentCapacity { growExtents() }
    if let base = name.baseAddress {
      unsafe (memory + used).copyMemory(from: base, byteCount: name.count)
    }
    if let base = value.baseAddress {
      unsafe (memory + used + name.count).copyMemory(from: base, byteCount: value.count)
    }
    unsafe (extents + count).initialize(
      to: Extent(
        start: UInt32(truncatingIfNeeded: used), name: UInt32(truncatingIfNeeded: name.count),
        value: UInt32(truncatingIfNeeded: value.count)))
    count += 1
    used = end
  }

  /// Keeps an admitted field's value aside.
  mutating func setApart(_ value: UnsafeRawBufferPointer) {
    apart.removeAll(keepingCapacity: true)
    unsafe apart.append(contentsOf: value.prefix(64))
  }

  /// A copy of all fields but the one kept apart.
  package func snapshot() -> HeaderSnapshot {
    unsafe HeaderSnapshot(
      bytes: Array(UnsafeRawBufferPointer(start: memory, count: used)),
      extents: Array(UnsafeBufferPointer(start: extents, count: count)))
  }

  /// Whether the fields, but the one kept apart, are the same in the same order.
  package func equals(_ other: HeaderSnapshot) -> Bool {
    guard used == other.bytes.count, count == other.extents.count, !isTruncated else {
      return false
    }
    return unsafe other.bytes.withUnsafeBytes { theirs in
      unsafe theirs.baseAddress.map { unsafe memcmp($0, memory, used) == 0 } ?? true
    }
      && other.extents.withUnsafeBytes { theirs in
        unsafe theirs.baseAddress.map { unsafe memcmp($0, extents, theirs.count) == 0 } ?? true
      }
  }

  private mutating func grow(to size: Int) {
    capacity = max(size, 2 * capacity)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    unsafe larger.copyMemory(from: memory, byteCount: used)
    unsafe memory.deallocate()
    unsafe memory = larger
  }

  private mutating func growExtents() {
    extentCapacity *= 2
    let larger = UnsafeMutablePointer<Extent>.allocate(capacity: extentCapacity)
    unsafe larger.moveInitialize(from: extents, count: count)
    unsafe extents.deallocate()
    unsafe extents = larger
  }
}

/// The fields of an earlier block.
package struct HeaderSnapshot: Sendable {
  let bytes: [UInt8]
  let extents: [HeaderBlock.Extent]
}

extension HeaderBlock.Field {
  /// Whether the name is exactly that.
  package func isNamed(_ text: StaticString) -> Bool {
    unsafe name.count == text.utf8CodeUnitCount
      && memcmp(name.baseAddress ?? UnsafeRawPointer(text.utf8Start), text.utf8Start, name.count)
        == 0
  }
}
