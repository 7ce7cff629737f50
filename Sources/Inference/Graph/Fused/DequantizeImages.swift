internal import Compute
internal import Models

/// Where a quantized part of a graph ends: images of bytes become the tensor that `ImageShape` says
/// they are (ONNX: DequantizeLinear).
struct DequantizeImages: GraphOperator {
  let processor: Processor
  let scale: ByteScale
  /// Of the answer: 4, 3 or 2.
  let rank: Int

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let images = try inputs.images(0)
    guard rank == 4 else {
      let rows = rank == 3 ? [images.height] : []
      let to = try context.new(Float.self, [images.images] + rows + [images.channels])
      to.withSpan { processor.dequantize(images, scale, pixels: &$0) }
      return .tensors(to.tensor)
    }
    let shape = [images.images, images.channels, images.height, images.width]
    let to = try context.new(Float.self, shape)
    to.withSpan { processor.dequantize(images, scale, into: &$0) }
    return .tensors(to.tensor)
  }
}
