internal import Compute
internal import Models

/// Where a quantized part of a graph ends: images of bytes become f32 [images, channels, height,
/// width], or [images, channels] where they have one pixel (ONNX: DequantizeLinear).
struct DequantizeImages: GraphOperator {
  let processor: Processor
  let scale: ByteScale
  /// Of the answer: 4, or 2.
  let rank: Int

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let images = try inputs.images(0)
    let shape = [images.images, images.channels, images.height, images.width].prefix(rank)
    let to = try context.new(Float.self, Array(shape))
    to.withSpan { processor.dequantize(images, scale, into: &$0) }
    return .tensors(to.tensor)
  }
}
