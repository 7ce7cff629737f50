internal import CKernels

/// Keys and values of all layers in blocks of 16 positions (paged attention, arXiv:2309.06180).
///
/// Blocks belong to nobody here: whoever schedules says by a block table where a sequence's
/// positions live.
@safe
package final class KVCache {
  /// How keys and values are kept; computing is in f32 either way.
  package enum Precision: Sendable, Equatable { case f16, f32 }

  /// Positions in a block.
  package static let blockTokens = CK_KV_BLOCK

  package let layers: Int
  package let heads: Int
  package let headSize: Int
  package let blocks: Int
  package let precision: Precision
  private let memory: SlabMemory
  /// Bytes of the keys, or the values, of one layer.
  private let layerBytes: Int

  /// - Parameters:
  ///   - heads: key-value heads of a layer.
  ///   - arena: where it lies, beside the weights of its model.
  /// - Throws: where the system has not so much memory. What no sequence has used yet takes none.
  package init(
    layers: Int, heads: Int, headSize: Int, blocks: Int, precision: Precision,
    in arena: SlabArena
  ) throws(ComputeError) {
    precondition(layers > 0 && heads > 0 && headSize > 0 && blocks > 0)
    self.layers = layers
    self.heads = heads
    self.headSize = headSize
    self.blocks = blocks
    self.precision = precision
    let element = precision == .f16 ? 2 : 4
    layerBytes = (blocks * heads * headSize * Self.blockTokens * element + 63) / 64 * 64
    // Kernels may read one vector past the last value.
    memory = try SlabMemory(count: layers * 2 * layerBytes + 64, in: arena)
  }

  /// Bytes that one block takes in all layers.
  package static func blockBytes(
    layers: Int, heads: Int, headSize: Int, precision: Precision
  ) -> Int {
    2 * layers * heads * headSize * blockTokens * (precision == .f16 ? 2 : 4)
  }

  func layer(_ layer: Int) -> ck_kv_layer {
    precondition(layer >= 0 && layer < layers)
    let keys = unsafe memory.base + 2 * layer * layerBytes
    return unsafe ck_kv_layer(
      keys: keys, values: keys + layerBytes, element: precision == .f16 ? CK_F16 : CK_F32,
      kv_heads: heads, head_size: headSize)
  }
}
