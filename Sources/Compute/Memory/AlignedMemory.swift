/// Owned raw memory aligned to a cache line; grows without keeping its contents.
@safe
struct AlignedMemory: ~Copyable {
  static let alignment = 64
  /// From here on memory comes in pages of its own: it is zero untouched, and goes back when freed.
  private static let pagedFrom = 2 * LargePages.pageSize

  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private let pool: MemoryPool?
  /// Whether it is freed here.
  private let isOwned: Bool

  /// `count` bytes: zeros, or out of a pool and unspecified.
  init(count: Int, pool: MemoryPool? = nil) {
    capacity = max(count, Self.alignment)
    self.pool = pool
    isOwned = true
    unsafe base = pool?.take(capacity) ?? Self.allocate(capacity)
  }

  /// Somebody else's memory, which cannot grow.
  init(borrowing start: UnsafeMutableRawPointer, count: Int) {
    unsafe base = start
    capacity = count
    pool = nil
    isOwned = false
  }

  deinit { if isOwned { unsafe Self.release(base, capacity, pool) } }

  /// Makes room for `count` bytes; old contents are lost, and new memory is as in the beginning.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    precondition(isOwned)
    unsafe Self.release(base, capacity, pool)
    capacity = pool == nil ? max(count, capacity * 2) : count
    unsafe base = pool?.take(capacity) ?? Self.allocate(capacity)
  }

  private static func release(_ base: UnsafeMutableRawPointer, _ count: Int, _ pool: MemoryPool?) {
    if let pool { unsafe pool.giveBack(base, count) } else { unsafe deallocate(base, count) }
  }

  static func allocate(_ count: Int, zeroed: Bool = true) -> UnsafeMutableRawPointer {
    if count >= pagedFrom {
      // As with every other allocation, a machine without memory ends the process.
      guard let pages = unsafe LargePages.map(count) else {
        fatalError("out of memory: \(count) bytes for computing")
      }
      return unsafe pages
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: alignment)
    if zeroed { unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count) }
    return unsafe memory
  }

  static func deallocate(_ base: UnsafeMutableRawPointer, _ count: Int) {
    if count >= pagedFrom {
      unsafe LargePages.unmap(base, count)
    } else {
      unsafe base.deallocate()
    }
  }
}
