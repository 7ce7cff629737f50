internal import CKernels

/// Queries, keys and values: columns of the same rows, or of rows of the same shape.
package struct AttentionRows {
  let query: FloatRows
  let key: FloatRows
  let value: FloatRows
  /// The first of each.
  let columns: (query: Int, key: Int, value: Int)

  package init(
    query: FloatRows, key: FloatRows, value: FloatRows,
    columns: (query: Int, key: Int, value: Int) = (0, 0, 0)
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.columns = columns
  }
}

/// Numbers that are added to the scores of sequences of one length, before their softmax.
package struct ScoreMask {
  /// Each row has a number for each key.
  let rows: FloatRows
  /// In floats; 0 where sequences, heads or queries share them.
  let strides: (sequence: Int, head: Int, query: Int)

  /// - Parameters:
  ///   - rows: [sequences · heads · queries × keys], with 1 in place of what is shared.
  package init(_ rows: FloatRows, sequences: Int, heads: Int, queries: Int) {
    precondition(rows.rows == sequences * heads * queries)
    self.rows = rows
    let (perHead, perSequence) = (queries * rows.columns, heads * queries * rows.columns)
    strides = (
      sequences == 1 ? 0 : perSequence, heads == 1 ? 0 : perHead, queries == 1 ? 0 : rows.columns
    )
  }

  /// It is read as far as `offsets` and `heads` say.
  fileprivate func check(_ offsets: [Int32], heads: Int) {
    let (sequences, length) = (offsets.count - 1, rows.columns)
    for index in 0..<sequences { precondition(Int(offsets[index + 1] - offsets[index]) == length) }
    let last =
      (sequences - 1) * strides.sequence + (heads - 1) * strides.head
      + max(0, length - 1) * strides.query + length
    precondition(last <= rows.rows * length)
  }
}

extension Processor {
  /// Multi-head attention within each sequence, every row over every row (arXiv:1706.03762).
  ///
  /// - Parameters:
  ///   - qkv: [rows × 3·width], each row query, key and value, of `heads` heads each.
  ///   - offsets: sequence i has rows `offsets[i]..<offsets[i + 1]`; sequences are packed,
  ///     unpadded.
  ///   - output: takes the shape [rows × width].
  package func attention(qkv: FloatRows, offsets: [Int32], heads: Int, into output: FloatRows) {
    precondition(heads > 0 && qkv.columns % (3 * heads) == 0)
    let width = qkv.columns / 3
    attention(
      AttentionRows(query: qkv, key: qkv, value: qkv, columns: (0, width, 2 * width)),
      width: width, offsets: offsets, heads: heads, scale: 1 / Float(width / heads).squareRoot(),
      into: output)
  }

  /// The same of rows that may lie apart, with any scale and with numbers added to the scores.
  ///
  /// - Parameters:
  ///   - mask: of as many sequences as there are, each of the longest one's length.
  ///   - queries: the rows that are computed; nil: all.
  package func attention(
    _ rows: AttentionRows, width: Int, offsets: [Int32], heads: Int, scale: Float,
    mask: ScoreMask? = nil, into output: FloatRows, queries: Range<Int>? = nil
  ) {
    let (query, key, value) = (rows.query, rows.key, rows.value)
    precondition(heads > 0 && width > 0 && width % heads == 0)
    for (part, column) in [
      (query, rows.columns.query), (key, rows.columns.key),
      (value, rows.columns.value),
    ] {
      precondition(part !== output && part.rows == query.rows && part.columns == query.columns)
      precondition(column >= 0 && column + width <= part.columns)
    }
    checkOffsets(offsets, rows: query.rows)
    mask?.check(offsets, heads: heads)
    output.reshape(rows: query.rows, columns: width)
    let parts = encoderParts(offsets, heads: heads, queries ?? 0..<query.rows)
    unsafe offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      let strides = mask?.strides ?? (sequence: 0, head: 0, query: 0)
      var job = unsafe ck_encoder_attention(
        q: query.pointer + rows.columns.query, k: key.pointer + rows.columns.key,
        v: value.pointer + rows.columns.value, stride: query.columns, offsets: offsets,
        heads: heads, head_size: width / heads, scale: scale, mask: mask?.rows.pointer,
        mask_sequence: strides.sequence, mask_head: strides.head, mask_query: strides.query,
        out: output.pointer, out_stride: width)
      unsafe withUnsafePointer(to: &job) { job in
        run(parts: parts.count) { index in
          let part = parts[index]
          for head in part.heads {
            unsafe kernels.pointee.encoder_attention(
              job, part.sequence, head, part.queries.lowerBound, part.queries.upperBound)
          }
        }
      }
    }
  }

  private struct EncoderPart {
    var sequence: Int
    var heads: Range<Int>
    var queries: Range<Int>
  }

  /// One part is one sequence with all heads, or fewer heads where there are few sequences.
  ///
  /// - Parameter queries: rows, counted over all sequences.
  private func encoderParts(
    _ offsets: [Int32], heads: Int, _ queries: Range<Int>
  ) -> [EncoderPart] {
    var own: [(sequence: Int, queries: Range<Int>)] = []
    own.reserveCapacity(offsets.count - 1)
    for sequence in 0..<offsets.count - 1 {
      let (first, end) = (Int(offsets[sequence]), Int(offsets[sequence + 1]))
      let rows = (first..<end).clamped(to: queries)
      guard !rows.isEmpty else { continue }
      own.append((sequence, rows.lowerBound - first..<rows.upperBound - first))
    }
    let wanted = (4 * threads + own.count - 1) / max(1, own.count)
    let split = threads == 1 ? 1 : min(heads, max(1, wanted))
    return own.flatMap { sequence, queries in
      (0..<split).map {
        EncoderPart(
          sequence: sequence, heads: heads * $0 / split..<heads * ($0 + 1) / split,
          queries: queries)
      }
    }
  }
}
