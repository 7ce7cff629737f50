internal import Synchronization

/// Memory that is used again: a block that one value of a graph gives back serves the values after
/// it, so that a run like the one before asks the system for nothing.
///
/// Blocks come in sizes of which there are four to each power of two; only one of the same size
/// serves again.
package final class MemoryPool: Sendable {
  private struct Blocks {
    /// Addresses by size.
    var free: [Int: [UInt]] = [:]
    var freeBytes = 0
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
    let address = blocks.withLock { blocks in
      let address = blocks.free[size]?.popLast()
      if address != nil { blocks.freeBytes -= size }
      return address
    }
    if let address, let block = unsafe UnsafeMutableRawPointer(bitPattern: address) {
      return unsafe block
    }
    return unsafe AlignedMemory.allocate(size, zeroed: false)
  }

  /// - Parameter count: as it was asked for.
  package func giveBack(_ block: UnsafeMutableRawPointer, _ count: Int) {
    let size = Self.size(count)
    let address = UInt(bitPattern: block)
    let isKept = blocks.withLock { blocks in
      guard blocks.freeBytes + size <= limit else { return false }
      blocks.free[size, default: []].append(address)
      blocks.freeBytes += size
      return true
    }
    if !isKept { unsafe AlignedMemory.deallocate(block, size) }
  }

  /// Gives all that is free back to the system.
  package func trim() {
    let free = blocks.withLock { blocks in
      defer { blocks = Blocks() }
      return blocks.free
    }
    for (size, addresses) in free {
      for address in addresses {
        guard let block = unsafe UnsafeMutableRawPointer(bitPattern: address) else { continue }
        unsafe AlignedMemory.deallocate(block, size)
      }
    }
  }

  private static func size(_ count: Int) -> Int {
    guard count > 256 else { return (max(count, 1) + 63) / 64 * 64 }
    let step = 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount - 2)
    return (count + step - 1) / step * step
  }
}
