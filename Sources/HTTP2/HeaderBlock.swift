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
  private var memory: UnsafeMutableRawBufferPointer
  private var used = 0
  private var extents: [Extent] = []
  /// RFC 9113 size: name + value + 32 for each field, counted on even where storing stopped.
  package private(set) var listSize = 0
  /// Value of the one field that differs from head to head (`SessionOptions.apartName`), kept
  /// beside the others so that the rest of two heads can be compared; at most 64 bytes.
  package private(set) var apart: [UInt8] = []
  /// Fields beyond the limit were counted, not kept.
  package private(set) var isTruncated = false

  init() {
    unsafe memory = .allocate(byteCount: 1024, alignment: 16)
    extents.reserveCapacity(16)
  }

  deinit { unsafe memory.deallocate() }

  package var count: Int { extents.count }

  private var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<used])
  }

  package subscript(_ index: Int) -> Field {
    let extent = extents[index]
    let start = Int(extent.start)
    let middle = start + Int(extent.name)
    let end = middle + Int(extent.value)
    let all = unsafe UnsafeRawBufferPointer(memory)
    return unsafe Field(
      name: UnsafeRawBufferPointer(rebasing: all[start..<middle]),
      value: UnsafeRawBufferPointer(rebasing: all[middle..<end]))
  }

  mutating func reset() {
    used = 0
    listSize = 0
    isTruncated = false
    if !apart.isEmpty { apart.removeAll(keepingCapacity: true) }
    extents.removeAll(keepingCapacity: true)
  }

  /// Keeps a copy of the field unless that would pass `limit` in list size.
  mutating func append(
    name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limit: Int
  ) {
    listSize += name.count + value.count + 32
    guard listSize <= limit else {
      isTruncated = true
      return
    }
    let length = name.count + value.count
    if unsafe used + length > memory.count { grow(to: used + length) }
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[used...])
    unsafe target.copyMemory(from: name)
    unsafe UnsafeMutableRawBufferPointer(rebasing: target[name.count...]).copyMemory(from: value)
    extents.append(
      Extent(start: UInt32(used), name: UInt32(name.count), value: UInt32(value.count)))
    used += length
  }

  /// Keeps the value aside.
  mutating func setApart(nameLength: Int, value: UnsafeRawBufferPointer) {
    listSize += nameLength + value.count + 32
    apart.removeAll(keepingCapacity: true)
    unsafe apart.append(contentsOf: value.prefix(64))
  }

  /// A copy of all fields but the one kept apart.
  package func snapshot() -> HeaderSnapshot {
    unsafe HeaderSnapshot(bytes: Array(bytes), extents: extents)
  }

  /// Whether the fields, but the one kept apart, are the same in the same order.
  package func equals(_ other: HeaderSnapshot) -> Bool {
    guard used == other.bytes.count, extents.count == other.extents.count, !isTruncated else {
      return false
    }
    return unsafe other.bytes.withUnsafeBytes { theirs in
      guard let base = theirs.baseAddress, let mine = unsafe bytes.baseAddress else {
        return used == 0
      }
      return unsafe memcmp(base, mine, used) == 0
    } && extents == other.extents
  }

  private mutating func grow(to size: Int) {
    let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(size, 2 * memory.count), alignment: 16)
    unsafe larger.copyMemory(from: bytes)
    unsafe memory.deallocate()
    unsafe memory = larger
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
