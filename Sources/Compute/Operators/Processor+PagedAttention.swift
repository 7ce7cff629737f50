internal import CKernels

extension Processor {
  /// Writes the keys and values of all rows of the batch into the cache.
  ///
  /// - Parameters:
  ///   - x: rows of the batch; `cache.heads · cache.headSize` columns at each of the two columns.
  package func store(
    _ x: FloatRows, keyColumn: Int, valueColumn: Int, batch: AttentionBatch, layer: Int,
    cache: KVCache
  ) {
    let width = cache.heads * cache.headSize
    precondition(x.rows == batch.rows && keyColumn >= 0 && valueColumn >= 0)
    precondition(keyColumn + width <= x.columns && valueColumn + width <= x.columns)
    var target = unsafe cache.layer(layer)
    let pieces = storePieces(batch)
    unsafe withUnsafePointer(to: &target) { target in
      unsafe withTables(batch) { _, blocks in
        run(count: pieces.count, cost: 4 * width * Self.rowsStoredAtOnce) {
          for index in $0 {
            var piece = pieces[index]
            unsafe kernels.pointee.kv_store(
              target, &piece, blocks, x.pointer + keyColumn, x.pointer + valueColumn, x.columns)
          }
        }
      }
    }
  }

  private static var rowsStoredAtOnce: Int { 16 }

  /// The slices of the batch in pieces of at most `rowsStoredAtOnce` rows.
  private func storePieces(_ batch: AttentionBatch) -> [ck_slice] {
    let most = Int32(Self.rowsStoredAtOnce)
    return batch.slices.flatMap { slice in
      stride(from: 0, to: slice.count, by: Int(most)).map { first in
        ck_slice(
          row: slice.row + first, count: min(most, slice.count - first),
          position: slice.position + first, table: slice.table)
      }
    }
  }

  /// Causal attention of every row over its sequence up to itself, read from the cache.
  ///
  /// - Parameters:
  ///   - queries: rows of the batch; `heads` heads of `cache.headSize` columns from `column` on.
  ///   - heads: a multiple of `cache.heads`; consecutive ones share a key-value head.
  ///   - output: takes the shape [rows × heads · headSize].
  package func attention(
    queries: FloatRows, column: Int = 0, heads: Int, batch: AttentionBatch, layer: Int,
    cache: KVCache, into output: FloatRows
  ) {
    let width = heads * cache.headSize
    precondition(heads > 0 && heads % cache.heads == 0 && queries !== output)
    precondition(queries.rows == batch.rows && column >= 0 && column + width <= queries.columns)
    output.reshape(rows: queries.rows, columns: width)
    let parts = pagedParts(batch, heads: cache.heads)
    unsafe withTables(batch) { slices, blocks in
      var job = unsafe ck_paged_attention(
        layer: cache.layer(layer), slices: slices, blocks: blocks, q: queries.pointer + column,
        q_stride: queries.columns, heads: heads, scale: 1 / Float(cache.headSize).squareRoot(),
        out: output.pointer, out_stride: width)
      unsafe withUnsafePointer(to: &job) { job in
        run(parts: parts.count) { index in
          let part = parts[index]
          for head in part.heads {
            unsafe kernels.pointee.paged_attention(
              job, part.slice, head, part.queries.lowerBound, part.queries.upperBound)
          }
        }
      }
    }
  }

  private struct PagedPart {
    var slice: Int
    var heads: Range<Int>
    var queries: Range<Int>
  }

  /// Long prompt chunks are split by queries, and all by heads, until there are parts to share.
  private func pagedParts(_ batch: AttentionBatch, heads: Int) -> [PagedPart] {
    let rowsPerPart = 48
    let split =
      threads == 1 ? 1 : min(heads, max(1, 4 * threads / max(1, batch.slices.count)))
    var parts: [PagedPart] = []
    for (slice, rows) in batch.slices.enumerated() {
      let count = Int(rows.count)
      for first in stride(from: 0, to: count, by: rowsPerPart) {
        for index in 0..<split {
          parts.append(
            PagedPart(
              slice: slice, heads: heads * index / split..<heads * (index + 1) / split,
              queries: first..<min(count, first + rowsPerPart)))
        }
      }
    }
    return parts
  }

  private func withTables(
    _ batch: AttentionBatch,
    _ body: (UnsafePointer<ck_slice>, UnsafePointer<Int32>) -> Void
  ) {
    unsafe batch.slices.withUnsafeBufferPointer { slices in
      unsafe batch.tables.withUnsafeBufferPointer { tables in
        guard let slices = slices.baseAddress, let tables = tables.baseAddress
        else { return }
        unsafe body(slices, tables)
      }
    }
  }
}
