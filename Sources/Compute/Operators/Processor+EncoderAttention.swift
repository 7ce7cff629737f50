internal import CKernels

extension Processor {
  /// Multi-head attention within each sequence, every row over every row (arXiv:1706.03762).
  ///
  /// - Parameters:
  ///   - qkv: [rows × 3·width], each row query, key and value, of `heads` heads each.
  ///   - offsets: sequence i has rows `offsets[i]..<offsets[i + 1]`; sequences are packed,
  ///     unpadded.
  ///   - output: takes the shape [rows × width].
  package func attention(qkv: FloatRows, offsets: [Int32], heads: Int, into output: FloatRows) {
    precondition(heads > 0 && qkv.columns % (3 * heads) == 0 && qkv !== output)
    checkOffsets(offsets, rows: qkv.rows)
    let width = qkv.columns / 3
    let size = width / heads
    output.reshape(rows: qkv.rows, columns: width)
    let parts = encoderParts(offsets, heads: heads)
    unsafe offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      var job = unsafe ck_encoder_attention(
        q: qkv.pointer, k: qkv.pointer + width, v: qkv.pointer + 2 * width, stride: qkv.columns,
        offsets: offsets, heads: heads, head_size: size, scale: 1 / Float(size).squareRoot(),
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
  private func encoderParts(_ offsets: [Int32], heads: Int) -> [EncoderPart] {
    let sequences = offsets.count - 1
    let split = threads == 1 ? 1 : min(heads, max(1, (4 * threads + sequences - 1) / sequences))
    var parts: [EncoderPart] = []
    parts.reserveCapacity(sequences * split)
    for sequence in 0..<sequences {
      let length = Int(offsets[sequence + 1] - offsets[sequence])
      for index in 0..<split {
        parts.append(
          EncoderPart(
            sequence: sequence, heads: heads * index / split..<heads * (index + 1) / split,
            queries: 0..<length))
      }
    }
    return parts
  }
}
