import Testing

@testable import Compute

@Suite struct MemoryPoolTests {
  /// Blocks of these sizes are taken, then given back in their order.
  private func giveBack(_ sizes: [Int], to pool: MemoryPool) {
    let blocks = sizes.map { unsafe pool.take($0) }
    for (block, size) in zip(blocks, sizes) { unsafe pool.giveBack(block, size) }
  }

  @Test func aBlockOfTheSameSizeServesAgain() {
    let pool = MemoryPool(limit: 4096)
    let block = unsafe pool.take(1000)
    unsafe pool.giveBack(block, 1000)
    #expect(pool.freeBytes == 1024)
    let again = unsafe pool.take(1024)
    #expect(unsafe again == block && pool.freeBytes == 0)
    unsafe pool.giveBack(again, 1024)
  }

  @Test func theSizeThatWasNotUsedForLongestGoes() {
    let pool = MemoryPool(limit: 1024)
    giveBack([512, 256], to: pool)
    giveBack([512], to: pool)
    #expect(pool.freeBytes == 768)
    giveBack([320], to: pool)
    #expect(pool.freeBytes == 512 + 320, "that of 256 bytes went")
    // More than may wait at all goes at once, and nobody else for it.
    giveBack([2048], to: pool)
    #expect(pool.freeBytes == 512 + 320)
    pool.trim()
    #expect(pool.freeBytes == 0)
  }

  /// Requests of ever other lengths do not fill it with what nobody asks for again.
  @Test func everyNewSizeFindsRoom() {
    let pool = MemoryPool(limit: 1 << 16)
    for size in stride(from: 256, to: 32_768, by: 100) {
      giveBack([size], to: pool)
      let free = pool.freeBytes
      let block = unsafe pool.take(size)
      #expect(pool.freeBytes < free, "\(size) bytes were kept")
      unsafe pool.giveBack(block, size)
      #expect(pool.freeBytes <= 1 << 16)
    }
  }
}
