internal import Synchronization

/// Memory that is used again: a block that one value of a graph gives back serves the values after
/// it, so that a run like the one before asks the system for nothing.
///
/// Blocks come in sizes of which there are four to each power of two; only one of the same size
/// serves again. Where too many wait, those go first whose size nobody has asked for the longest.
package final class MemoryPool: Sendable {
  private struct Shelf {
    var addresses: [UInt] = []
    /// When somebody last took a block of this size or gave one back, by the count of that.
    var lastUse = 0
  }

  private struct Blocks {
    /// By size.
    var free: [Int: Shelf] = [:]
    var freeBytes = 0
    var uses = 0

    mutating func take(_ size: Int) -> UInt? {
      uses += 1
      free[size]?.lastUse = uses
      guard let address = free[size]?.addresses.popLast() else { return nil }
      freeBytes -= size
      return address
    }

    mutating func put(_ address: UInt, _ size: Int) {
      uses += 1
      free[size, default: Shelf()].addresses.append(address)
      free[size]?.lastUse = uses
      freeBytes += size
    }

    /// Blocks to be let go of, so that no more than so many bytes wait.
    mutating func evict(to limit: Int) -> [(size: Int, address: UInt)] {
      var gone: [(size: Int, address: UInt)] = []
      while freeBytes > limit,
        let size = free.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
      {
        while freeBytes > limit, let address = free[size]?.addresses.popLast() {
          freeBytes -= size
          gone.append((size, address))
        }
        if free[size]?.addresses.isEmpty ?? true { free[size] = nil }
      }
      return gone
    }
  }

  private let blocks = Mutex(Blocks())
  private let limit: Int

  /// - Parameter limit: bytes that may wait; what is given back beyond goes to the system.
  package init(limit: Int = 128 << 20) { self.limit = limit }

  deinit { trim() }

  /// Bytes of blocks that wait to be used again.
  package var freeBytes: Int { blocks.withLock { $0.freeBytes } }

  /// At least so many bytes, aligned to a cache line; what stands there is unspecified.
  package func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = Self.size(count)
    let address = blocks.withLock { $0.take(size) }
    if let address, let block = unsafe UnsafeMutableRawPointer(bitPattern: address) {
      return unsafe block
    }
    return unsafe AlignedMemory.allocate(size, zeroed: false)
  }

  /// - Parameter count: as it was asked for.
  package func giveBack(_ block: UnsafeMutableRawPointer, _ count: Int) {
    let size = Self.size(count)
    if size > limit { return unsafe AlignedMemory.deallocate(block, size) }
    let address = UInt(bitPattern: block)
    let gone = blocks.withLock { blocks in
      blocks.put(address, size)
      return blocks.freeBytes > limit ? blocks.evict(to: limit) : []
    }
    Self.deallocate(gone)
  }

  /// Gives all that is free back to the system.
  package func trim() {
    Self.deallocate(blocks.withLock { $0.evict(to: 0) })
  }

  private static func deallocate(_ blocks: [(size: Int, address: UInt)]) {
    for (size, address) in blocks {
      guard let block = unsafe UnsafeMutableRawPointer(bitPattern: address) else { continue }
      unsafe AlignedMemory.deallocate(block, size)
    }
  }

  private static func size(_ count: Int) -> Int {
    guard count > 256 else { return (max(count, 1) + 63) / 64 * 64 }
    let step = 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount - 2)
    return (count + step - 1) / step * step
  }
}
