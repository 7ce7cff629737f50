/// What a model wants made of a picture, in the order in which it is done: colours, size, crop,
/// numbers.
///
///     value = (byte · scale − mean) / deviation
package struct PreprocessorSettings: Sendable, Equatable {
  package enum Resizing: Sendable, Equatable {
    case none
    /// To this size, whatever becomes of the proportions.
    case exact(PixelSize)
    /// The shorter side to this length; the longer one in proportion, cut to whole pixels.
    case shortestEdge(Int)
  }

  package enum Channels: String, Sendable, CaseIterable {
    case rgb, bgr, grey
    package var count: Int { self == .grey ? 1 : 3 }
  }

  package enum Layout: String, Sendable, CaseIterable {
    /// [channels][height][width]
    case channelsFirst = "channels_first"
    /// [height][width][channels]
    case channelsLast = "channels_last"
  }

  /// Subtracted from, and divided by; one for each channel, in the order of the output.
  package struct Normalisation: Sendable, Equatable {
    package var mean: [Float]
    package var deviation: [Float]

    package init(mean: [Float], deviation: [Float]) {
      self.mean = mean
      self.deviation = deviation
    }

    /// Of the pictures that most models were trained on.
    package static let imageNet = Normalisation(
      mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  }

  /// Where the middle of a picture lies that has an odd number of pixels more than the crop.
  package enum Centring: Sendable, Equatable {
    /// One pixel less is left out on the near side than on the far one: Hugging Face's processors.
    case near
    /// The half is rounded to the nearest even number: torchvision, and what is made with it.
    case nearest
  }

  package var channels: Channels
  package var resizing: Resizing
  package var filter: ResizeFilter
  /// From the middle; black is added where the picture is smaller. nil takes all of it.
  package var crop: PixelSize?
  package var centring = Centring.near
  /// 1 leaves bytes as they are.
  package var scale: Double
  package var normalisation: Normalisation?
  package var layout: Layout

  /// Sides that a picture may be resized or cropped to.
  package static let sides = 1...4096

  package init(
    channels: Channels = .rgb, resizing: Resizing, filter: ResizeFilter = .bilinear,
    crop: PixelSize? = nil, scale: Double = 1 / 255, normalisation: Normalisation? = nil,
    layout: Layout = .channelsFirst
  ) {
    self.channels = channels
    self.resizing = resizing
    self.filter = filter
    self.crop = crop
    self.scale = scale
    self.normalisation = normalisation
    self.layout = layout
  }

  /// Checks what a file or an operator says; the errors name Hugging Face's keys.
  package func check() throws(PreprocessorError) {
    switch resizing {
    case .none: break
    case .exact(let size): try Self.check(size, "size")
    case .shortestEdge(let edge): try Self.check(PixelSize(width: edge, height: edge), "size")
    }
    if let crop { try Self.check(crop, "crop_size") }
    guard scale.isFinite, scale > 0, Float(scale).isNormal else {
      throw PreprocessorError("rescale_factor", "is \(scale); it must be a number above 0")
    }
    guard let normalisation else { return }
    for (key, values) in [
      ("image_mean", normalisation.mean), ("image_std", normalisation.deviation),
    ] {
      guard values.count == channels.count else {
        throw PreprocessorError(
          key, "has \(values.count) numbers; there is one for each channel, \(channels.count)")
      }
      guard values.allSatisfy(\.isFinite) else {
        throw PreprocessorError(key, "must hold numbers that a 32-bit float can")
      }
    }
    guard normalisation.deviation.allSatisfy({ $0 > 0 && $0.isNormal }) else {
      throw PreprocessorError("image_std", "must hold numbers above 0")
    }
  }

  private static func check(_ size: PixelSize, _ key: String) throws(PreprocessorError) {
    guard sides ~= size.width, sides ~= size.height else {
      throw PreprocessorError(
        key, "is \(size); sides of \(sides.lowerBound) to \(sides.upperBound) pixels are allowed")
    }
  }
}
