/// The KV blocks of one model, handed out one by one (vLLM's paged attention, arXiv:2309.06180).
///
/// Counted references, so that sequences with a common prefix can come to share its blocks.
struct BlockAllocator: Sendable {
  private var references: [UInt32]
  /// Last freed, first used: its memory is the likeliest to be in a cache.
  private var free: [Int32]

  init(blockCount: Int) {
    references = Array(repeating: 0, count: blockCount)
    free = (0..<Int32(blockCount)).reversed()
  }

  var blockCount: Int { references.count }
  var freeCount: Int { free.count }

  /// A block with one reference; nil when there is none left.
  mutating func allocate() -> Int32? {
    guard let block = free.popLast() else { return nil }
    references[Int(block)] = 1
    return block
  }

  /// Gives back one reference; the block is free when that was the last.
  mutating func release(_ block: Int32) {
    precondition(references[Int(block)] > 0, "block \(block) released twice")
    references[Int(block)] -= 1
    if references[Int(block)] == 0 { free.append(block) }
  }
}
