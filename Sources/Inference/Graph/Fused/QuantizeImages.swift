internal import Compute
internal import Models

/// Where a quantized part of a graph begins: a tensor in f32 becomes the images of bytes that
/// `ImageShape` says it is (ONNX: QuantizeLinear).
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
        let values = x.values(Float.self).span
        if shape.isLast {
          processor.quantize(pixels: values, images: shape.images, scale, into: images)
        } else {
          processor.quantize(planes: values, images: shape.images, scale, into: images)
        }
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
  /// Whether the tensor has the channels last.
  let isLast: Bool

  /// - Parameter shape: [images, channels, height, width]; [sequences, rows, channels], where a row
  ///   is a pixel; or [images, channels] of one pixel each.
  init(_ shape: [Int]) throws {
    guard (2...4).contains(shape.count), shape.dropFirst().allSatisfy({ $0 > 0 }) else {
      throw GraphError("the shape \(shape) is not [images, channels, height, width]")
    }
    images = shape[0]
    isLast = shape.count != 4
    channels = isLast ? shape[shape.count - 1] : shape[1]
    height = shape.count == 2 ? 1 : shape[isLast ? 1 : 2]
    width = isLast ? 1 : shape[3]
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
