/// Owned raw memory aligned to a cache line; grows without keeping its contents.
@safe
struct AlignedMemory: ~Copyable {
  static let alignment = 64
  /// From here on memory comes in pages of its own: it is zero untouched, and goes back when freed.
  private static let pagedFrom = 2 * LargePages.pageSize

  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int

  /// `count` zero bytes.
  init(count: Int) {
    capacity = max(count, Self.alignment)
    unsafe base = Self.allocate(capacity)
  }

  deinit { unsafe Self.deallocate(base, capacity) }

  /// Makes room for `count` bytes; new memory is zero, old contents are lost.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe Self.deallocate(base, capacity)
    capacity = max(count, capacity * 2)
    unsafe base = Self.allocate(capacity)
  }

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    if count >= pagedFrom {
      // As with every other allocation, a machine without memory ends the process.
      guard let pages = unsafe LargePages.map(count) else {
        fatalError("out of memory: \(count) bytes for computing")
      }
      return unsafe pages
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: alignment)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    return unsafe memory
  }

  private static func deallocate(_ base: UnsafeMutableRawPointer, _ count: Int) {
    if count >= pagedFrom {
      unsafe LargePages.unmap(base, count)
    } else {
      unsafe base.deallocate()
    }
  }
}
