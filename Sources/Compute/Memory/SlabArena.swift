internal import Synchronization

/// The memory of one loaded model: its matrices, tables and KV cache side by side in slabs.
///
/// Most matrices are smaller than a huge page; side by side they fill them. Each model has an arena
/// of its own, so that no page outlives it because a neighbour's matrix lies on it. Slabs live as
/// long as what lies in them: nobody needs to keep the arena.
package final class SlabArena: Sendable {
  private static let slabSize = 16 * LargePages.pageSize
  /// Below this a slab would be mostly empty: a classifier's head gets memory for itself.
  private static let leastShared = 1 << 16

  private let current = Mutex(Current())
  private let mapped = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)

  package init() {}

  /// Bytes of address space that what was made here holds now; 0 once all of it is gone.
  package var mappedBytes: Int { mapped.load(ordering: .relaxed) }

  /// Bytes of them that something lies in.
  package var takenBytes: Int { taken.load(ordering: .relaxed) }

  /// A slab with room for `count` bytes, and where they begin in it.
  fileprivate func take(_ count: Int) throws(ComputeError) -> (slab: Slab, start: Int) {
    if count < Self.leastShared {
      let own = try Slab(size: count, arena: self)
      return (own, own.take(count) ?? 0)
    }
    if let open = current.withLock({ $0.slab }), let start = open.take(count) {
      return (open, start)
    }
    let slab = try Slab(size: max(count, Self.slabSize), arena: self)
    _ = slab.take(count)
    current.withLock { $0.slab = slab }
    return (slab, 0)
  }

  fileprivate func count(mapped bytes: Int) { mapped.wrappingAdd(bytes, ordering: .relaxed) }

  fileprivate func count(taken bytes: Int) { taken.wrappingAdd(bytes, ordering: .relaxed) }

  /// The slab that is being filled; it lives as long as a matrix in it.
  private struct Current: Sendable {
    weak var slab: Slab?
  }
}

/// Zeroed memory of a packed matrix, a table or a KV cache, cut from a slab.
@safe
struct SlabMemory {
  let base: UnsafeMutableRawPointer
  let count: Int
  /// Keeps the memory.
  private let slab: Slab

  /// - Throws: where the system has no memory left.
  init(count: Int, in arena: SlabArena) throws(ComputeError) {
    let alignment = AlignedMemory.alignment
    let (slab, start) = try arena.take((count + alignment - 1) / alignment * alignment)
    self.count = count
    self.slab = slab
    unsafe base = slab.base + start
  }
}

/// Pages shared by matrices; given back with the last of them.
///
/// `@unchecked Sendable`: the pointer is constant, and `take` gives every byte to one owner.
@safe
private final class Slab: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  private let size: Int
  private let used = Atomic<Int>(0)
  /// Of what is used, what somebody got.
  private let given = Atomic<Int>(0)
  private let arena: SlabArena

  init(size: Int, arena: SlabArena) throws(ComputeError) {
    guard let pages = unsafe LargePages.map(size) else {
      throw ComputeError("no memory for \(size) bytes")
    }
    unsafe base = pages
    self.size = size
    self.arena = arena
    arena.count(mapped: size)
  }

  deinit {
    unsafe LargePages.unmap(base, size)
    arena.count(mapped: -size)
    arena.count(taken: -given.load(ordering: .relaxed))
  }

  /// Where the next `count` bytes begin; nil, now and later, where they do not fit.
  func take(_ count: Int) -> Int? {
    let end = used.wrappingAdd(count, ordering: .relaxed).newValue
    guard end <= size else { return nil }
    given.wrappingAdd(count, ordering: .relaxed)
    arena.count(taken: count)
    return end - count
  }
}
