internal import Glibc
internal import Synchronization

/// Rows of counts that are read as their sum: threads that count often have a row each, so that no
/// two of them write to one cache line.
///
/// `@unchecked Sendable`: the memory is made in `init`, freed in `deinit`, and holds nothing but
/// atomics in between.
@safe
final class Stripes: @unchecked Sendable {
  /// Counts in a row.
  let width: Int
  private let count: Int
  /// Counts from one row to the next: two lines of 64 bytes at least lie between.
  private let stride: Int
  private let memory: UnsafeMutablePointer<Atomic<UInt64>>

  init(count: Int, width: Int) {
    precondition(count > 0 && width > 0, "there is something to count")
    self.count = count
    self.width = width
    stride = (width + 15) / 16 * 16
    // From calloc, so that rows which nobody uses cost no memory; all zeros is an atomic zero.
    guard let zeros = unsafe calloc(count * stride, MemoryLayout<Atomic<UInt64>>.stride) else {
      preconditionFailure("no memory for \(count) × \(width) counts")
    }
    unsafe memory = zeros.bindMemory(to: Atomic<UInt64>.self, capacity: count * stride)
  }

  deinit { unsafe free(memory) }

  func add(_ amount: UInt64, at position: Int, stripe: Int) {
    precondition(stripe >= 0 && stripe < count, "there are \(count) stripes")
    assert(position >= 0 && position < width)
    unsafe memory[stripe &* stride &+ position].wrappingAdd(amount, ordering: .relaxed)
  }

  /// The sums over all rows of the first so many counts.
  func sums(_ many: Int) -> [UInt64] {
    precondition(many >= 0 && many <= width, "a row has \(width) counts")
    var sums = [UInt64](repeating: 0, count: many)
    for stripe in 0..<count {
      for position in 0..<many {
        unsafe sums[position] &+= memory[stripe &* stride &+ position].load(ordering: .relaxed)
      }
    }
    return sums
  }

  /// The sum over all rows.
  subscript(_ position: Int) -> UInt64 {
    precondition(position >= 0 && position < width, "a row has \(width) counts")
    return (0..<count).reduce(0) { sum, stripe in
      unsafe sum &+ memory[stripe * stride + position].load(ordering: .relaxed)
    }
  }
}
