internal import CKernels

/// Which rows of a step belong to which sequence, and where its positions live in the KV cache.
///
/// Built once for a step and used by all layers. Rows of sequences follow each other without gaps.
package struct AttentionBatch {
  private(set) var slices: [ck_slice] = []
  private(set) var tables: [Int32] = []
  /// Position of every row in its sequence.
  package private(set) var positions: [Int32] = []
  /// The row count so far.
  package var rows: Int { positions.count }
  private let blockCount: Int

  /// - Parameter blockCount: blocks of the cache that the tables refer to.
  package init(blockCount: Int) { self.blockCount = blockCount }

  /// Appends the next `count` rows: positions `position ..< position + count` of one sequence.
  ///
  /// - Parameter blocks: block of positions `16·i ..< 16·(i + 1)`, covering all up to the last.
  /// - Throws: a table that is too short or names a block outside the cache.
  package mutating func append(
    count: Int, position: Int, blocks: [Int32]
  ) throws(ComputeError) {
    guard count > 0, position >= 0 else {
      throw ComputeError("\(count) rows at position \(position); at least one row at 0 or above")
    }
    let needed = (position + count + KVCache.blockTokens - 1) / KVCache.blockTokens
    guard blocks.count >= needed else {
      throw ComputeError(
        "\(blocks.count) KV blocks for \(position + count) positions; need \(needed)")
    }
    for block in blocks.prefix(needed) where block < 0 || Int(block) >= blockCount {
      throw ComputeError("KV block \(block) is outside the cache of \(blockCount) blocks")
    }
    slices.append(
      ck_slice(
        row: Int32(rows), count: Int32(count), position: Int32(position),
        table: Int32(tables.count)))
    tables.append(contentsOf: blocks.prefix(needed))
    positions.append(contentsOf: (position..<position + count).lazy.map { Int32($0) })
  }
}
