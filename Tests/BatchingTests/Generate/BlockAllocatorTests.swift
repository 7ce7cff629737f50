import Testing

@testable import Batching

@Suite struct BlockAllocatorTests {
  @Test func handsOutEveryBlockOnce() throws {
    var allocator = BlockAllocator(blockCount: 5)
    let blocks = (0..<5).compactMap { _ in allocator.allocate() }
    #expect(Set(blocks) == [0, 1, 2, 3, 4])
    #expect(allocator.freeCount == 0)
    let none = allocator.allocate()
    #expect(none == nil)
    allocator.release(3)
    #expect(allocator.freeCount == 1)
    let again = allocator.allocate()
    #expect(again == 3)
  }
}
