internal import Compute
internal import Models

/// Where a quantized part of a graph begins: f32 [images, channels, height, width] or
/// [images, channels] becomes images of bytes (ONNX: QuantizeLinear).
struct QuantizeImages: GraphOperator {
  let processor: Processor
  let scale: ByteScale
  /// What a convolution wants around the images.
  let border: ImageBorder?

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0, .float)
    let shape = try ImageShape(x.shape)
    return [
      try context.images(shape, zero: scale.zero, border: border) { images in
        processor.quantize(
          planes: x.values(Float.self).span, images: shape.images, scale, into: images)
      }
    ]
  }
}

/// The sizes of a tensor that is computed with as images.
struct ImageShape {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int

  /// - Parameter shape: [images, channels, height, width], or [images, channels] of one pixel each.
  init(_ shape: [Int]) throws {
    guard shape.count == 4 || shape.count == 2, shape.dropFirst().allSatisfy({ $0 > 0 }) else {
      throw GraphError("the shape \(shape) is not [images, channels, height, width]")
    }
    images = shape[0]
    channels = shape[1]
    height = shape.count == 4 ? shape[2] : 1
    width = shape.count == 4 ? shape[3] : 1
  }
}

extension GraphContext {
  func images(
    _ shape: ImageShape, zero: UInt8, border: ImageBorder? = nil,
    _ write: (ByteImages) throws -> Void
  ) throws -> GraphValue {
    try images(
      shape.images, height: shape.height, width: shape.width, channels: shape.channels, zero: zero,
      border: border, write)
  }
}
