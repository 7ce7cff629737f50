import Synchronization

/// Zeroed memory of a packed matrix or a KV cache, cut from a slab that neighbours share.
///
/// Most matrices are smaller than a huge page; side by side in a slab they fill them.
@safe
struct SlabMemory {
  private static let slabSize = 16 * LargePages.pageSize
  /// Below this a slab would be mostly empty: a classifier's head gets memory for itself.
  private static let leastShared = 1 << 16
  private static let current = Mutex(Current())

  let base: UnsafeMutableRawPointer
  let count: Int
  /// Keeps the memory.
  private let slab: Slab

  /// - Throws: where the system has no memory left.
  init(count: Int) throws(ComputeError) {
    self.count = count
    let size =
      (count + AlignedMemory.alignment - 1) / AlignedMemory.alignment
      * AlignedMemory.alignment
    if size < Self.leastShared {
      slab = try Slab(size: size)
      unsafe base = slab.base
      return
    }
    if let open = Self.current.withLock({ $0.slab }), let start = open.take(size) {
      slab = open
      unsafe base = open.base + start
      return
    }
    slab = try Slab(size: max(size, Self.slabSize))
    _ = slab.take(size)
    unsafe base = slab.base
    Self.current.withLock { [slab] in $0.slab = slab }
  }

  /// The slab that is being filled; it lives as long as a matrix in it.
  private struct Current: Sendable {
    weak var slab: Slab?
  }
}

/// Pages shared by matrices; given back with the last of them.
@safe
private final class Slab: @unchecked Sendable {
  // Sendable: the pointer is constant, and `take` gives every byte to one owner.

  let base: UnsafeMutableRawPointer
  private let size: Int
  private let used = Atomic<Int>(0)

  init(size: Int) throws(ComputeError) {
    guard let pages = unsafe LargePages.map(size) else {
      throw ComputeError("no memory for \(size) bytes")
    }
    unsafe base = pages
    self.size = size
  }

  deinit { unsafe LargePages.unmap(base, size) }

  /// Where the next `count` bytes begin; nil, now and later, where they do not fit.
  func take(_ count: Int) -> Int? {
    let end = used.wrappingAdd(count, ordering: .relaxed).newValue
    return end <= size ? end - count : nil
  }
}
