package import Compute
internal import Synchronization

/// The bytes that the values of a run may take together, so that no graph takes the machine's
/// memory. Values give back what they took when they go.
package final class MemoryBudget: Sendable {
  package let limit: Int
  /// Most elements of one value.
  package let elementLimit: Int
  /// Most nodes that a run computes; those of a loop count each time.
  package let stepLimit: Int
  /// Where their memory comes from and goes back to.
  package let pool = MemoryPool()
  private let taken = Atomic<Int>(0)

  package init(limit: Int = 4 << 30, elementLimit: Int = 1 << 30, stepLimit: Int = 1 << 24) {
    self.limit = limit
    self.elementLimit = elementLimit
    self.stepLimit = stepLimit
  }

  package var used: Int { taken.load(ordering: .relaxed) }

  func take(_ bytes: Int) throws {
    let (_, total) = taken.add(bytes, ordering: .relaxed)
    guard total <= limit else {
      taken.subtract(bytes, ordering: .relaxed)
      throw GraphError.bound("its values would take more than the limit of \(limit) bytes", .memory)
    }
  }

  /// Throws if there is no room for so many numbers that an operator works with meanwhile.
  func check(room count: Int) throws {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Int>.size)
    try take(overflow ? limit : bytes)
    release(overflow ? limit : bytes)
  }

  func release(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }
}
