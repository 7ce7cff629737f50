/// What a Hugging Face image processor does that its file need not say.
///
/// Sizes, means and deviations are not guessed: a file that needs them has them.
struct PreprocessorFamily: Sendable, Equatable {
  let name: String
  /// A size of one number is a square; otherwise it is the shorter side.
  var squares = true
  var crops = false
  var filter: ResizeFilter? = .bilinear
  var normalises = true
  var flips = false
  /// Resized to size / crop_pct and cropped to size, or squeezed into a square from 384 pixels on.
  var cropsByShare = false

  static let all: [PreprocessorFamily] = [
    PreprocessorFamily(name: "Beit", crops: true, filter: .bicubic),
    PreprocessorFamily(name: "Bit", squares: false, crops: true, filter: .bicubic),
    PreprocessorFamily(name: "CLIP", squares: false, crops: true, filter: .bicubic),
    PreprocessorFamily(name: "ConvNext", squares: false, cropsByShare: true),
    PreprocessorFamily(name: "DeiT", crops: true, filter: .bicubic),
    PreprocessorFamily(name: "MobileNetV1", squares: false, crops: true),
    PreprocessorFamily(name: "MobileNetV2", squares: false, crops: true),
    PreprocessorFamily(
      name: "MobileViT", squares: false, crops: true, normalises: false, flips: true),
    PreprocessorFamily(name: "Pvt"),
    PreprocessorFamily(name: "Siglip", filter: .bicubic),
    PreprocessorFamily(name: "ViT"),
  ]

  /// Of a file that names no processor: what it does not say is not done, but its filter is asked
  /// for.
  static let unnamed = PreprocessorFamily(name: "", filter: nil)

  /// By the name of a class, such as ViTImageProcessorFast or CLIPFeatureExtractor.
  static func named(_ type: String) -> PreprocessorFamily? {
    for suffix in ["ImageProcessorFast", "ImageProcessorPil", "ImageProcessor", "FeatureExtractor"]
    where type.hasSuffix(suffix) {
      let name = type.dropLast(suffix.count)
      return all.first { $0.name == name }
    }
    return nil
  }
}
