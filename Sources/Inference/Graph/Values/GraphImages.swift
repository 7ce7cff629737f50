package import Compute

/// Images of bytes, channels last, that flow between quantized operators.
///
/// `@unchecked Sendable`: the bytes are written only by the maker, before it hands them on.
package final class GraphImages: @unchecked Sendable {
  package let bytes: ByteImages
  private let budget: MemoryBudget
  private let charged: Int

  fileprivate init(_ bytes: ByteImages, _ budget: MemoryBudget, _ charged: Int) {
    self.bytes = bytes
    self.budget = budget
    self.charged = charged
  }

  deinit { budget.release(charged) }
}

extension GraphContext {
  /// New images, which `write` must fill; their memory comes out of the run's pool.
  func images(
    _ count: Int, height: Int, width: Int, channels: Int, zero: UInt8, border: ImageBorder? = nil,
    _ write: (ByteImages) throws -> Void
  ) throws -> GraphValue {
    _ = try GraphTensor.count([count, height, width, channels], limit: budget.elementLimit)
    let bytes = ByteImages(
      height: height, width: width, channels: channels, zero: zero, border: border,
      pool: budget.pool)
    let charged = bytes.byteCount(images: count)
    try budget.take(charged)
    let images = GraphImages(bytes, budget, charged)
    bytes.reshape(images: count)
    try write(bytes)
    return .images(images)
  }
}
