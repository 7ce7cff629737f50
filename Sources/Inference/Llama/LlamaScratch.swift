internal import Compute
internal import Models

/// The KV cache, and working memory of one pass kept for the next.
struct LlamaScratch: ~Copyable {
  let cache: KVCache
  /// [rows × width]
  let x = FloatRows()
  /// [rows × width]
  let normed = FloatRows()
  /// [rows × q + 2·kv]
  let qkv = FloatRows()
  /// [rows × q]
  let attended = FloatRows()
  /// [rows × feedForwardWidth]
  let hidden = FloatRows()
  /// [drawing rows × vocabularySize]
  let logits = FloatRows()
  let input = Activations()

  static func bytesPerRow(_ shape: LlamaConfiguration) -> Int {
    let q = shape.heads * shape.headSize
    let kv = shape.kvHeads * shape.headSize
    return 4 * (2 * shape.width + 2 * q + 2 * kv + shape.feedForwardWidth)
      + 2 * max(shape.width, q, shape.feedForwardWidth)
  }
}
