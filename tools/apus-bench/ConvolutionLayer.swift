/// A convolution of a well-known model.
struct ConvolutionLayer {
  /// Height and width of its input.
  let size: Int
  let channels: Int
  let outputs: Int
  let kernel: Int
  let stride: Int
  /// How often it stands in the model.
  let count: Int
  var groups = 1

  static let models = [("resnet18", resnet18), ("mobilenet-v2", mobilenet)]

  private static let resnet18 = [
    Self(size: 224, channels: 3, outputs: 64, kernel: 7, stride: 2, count: 1),
    Self(size: 56, channels: 64, outputs: 64, kernel: 3, stride: 1, count: 4),
    Self(size: 56, channels: 64, outputs: 128, kernel: 3, stride: 2, count: 1),
    Self(size: 56, channels: 64, outputs: 128, kernel: 1, stride: 2, count: 1),
    Self(size: 28, channels: 128, outputs: 128, kernel: 3, stride: 1, count: 3),
    Self(size: 28, channels: 128, outputs: 256, kernel: 3, stride: 2, count: 1),
    Self(size: 28, channels: 128, outputs: 256, kernel: 1, stride: 2, count: 1),
    Self(size: 14, channels: 256, outputs: 256, kernel: 3, stride: 1, count: 3),
    Self(size: 14, channels: 256, outputs: 512, kernel: 3, stride: 2, count: 1),
    Self(size: 14, channels: 256, outputs: 512, kernel: 1, stride: 2, count: 1),
    Self(size: 7, channels: 512, outputs: 512, kernel: 3, stride: 1, count: 3),
    pointwise(1, 512, 1000, 1),
  ]

  private static let mobilenet = [
    Self(size: 224, channels: 3, outputs: 32, kernel: 3, stride: 2, count: 1),
    depthwise(112, 32, 1), pointwise(112, 32, 16, 1), pointwise(112, 16, 96, 1),
    depthwise(112, 96, 1, stride: 2), pointwise(56, 96, 24, 1), pointwise(56, 24, 144, 2),
    depthwise(56, 144, 1), pointwise(56, 144, 24, 1), depthwise(56, 144, 1, stride: 2),
    pointwise(28, 144, 32, 1), pointwise(28, 32, 192, 3), depthwise(28, 192, 2),
    pointwise(28, 192, 32, 2), depthwise(28, 192, 1, stride: 2), pointwise(14, 192, 64, 1),
    pointwise(14, 64, 384, 4), depthwise(14, 384, 4), pointwise(14, 384, 64, 3),
    pointwise(14, 384, 96, 1), pointwise(14, 96, 576, 3), depthwise(14, 576, 2),
    pointwise(14, 576, 96, 2), depthwise(14, 576, 1, stride: 2), pointwise(7, 576, 160, 1),
    pointwise(7, 160, 960, 3), depthwise(7, 960, 3), pointwise(7, 960, 160, 2),
    pointwise(7, 960, 320, 1), pointwise(7, 320, 1280, 1), pointwise(1, 1280, 1000, 1),
  ]

  private static func pointwise(
    _ size: Int, _ channels: Int, _ outputs: Int, _ count: Int
  ) -> Self {
    Self(size: size, channels: channels, outputs: outputs, kernel: 1, stride: 1, count: count)
  }

  private static func depthwise(
    _ size: Int, _ channels: Int, _ count: Int, stride: Int = 1
  ) -> Self {
    Self(
      size: size, channels: channels, outputs: channels, kernel: 3, stride: stride, count: count,
      groups: channels)
  }
}
