/// What a file says of its picture, read without decoding a pixel and without taking memory.
package struct ImageHeader: Sendable, Equatable {
  package let format: ImageFormat
  /// As the pixels are stored; what is seen may lie on its side.
  package let size: PixelSize
  package let orientation: Orientation
  package let frames: Int
  /// Meant to be played, if only as one frame.
  package let isAnimated: Bool
  /// Bytes for each pixel that decoding needs besides the picture's own three.
  let scratch: Int

  init(
    _ format: ImageFormat, _ size: PixelSize, _ orientation: Orientation = .upright,
    frames: Int = 1, isAnimated: Bool = false, scratch: Int = 0
  ) {
    self.format = format
    self.size = size
    self.orientation = orientation
    self.frames = frames
    self.isAnimated = isAnimated
    self.scratch = scratch
  }

  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - mediaType: what its sender says it is, if anything.
  package init(_ bytes: RawSpan, mediaType: String? = nil) throws(ImageError) {
    let format = try ImageFormat(bytes)
    try format.check(mediaType: mediaType)
    let file = HeaderBytes(bytes, format.rawValue)
    self =
      switch format {
      case .jpeg: try JPEGHeader.read(file)
      case .png: try PNGHeader.read(file)
      case .webp: try WebPHeader.read(file)
      }
    guard size.width > 0, size.height > 0 else {
      throw file.corrupt("it is \(size) pixels")
    }
  }

  /// The size of what is seen.
  package var uprightSize: PixelSize {
    orientation.transposes ? PixelSize(width: size.height, height: size.width) : size
  }

  /// Most memory that decoding takes at once, for budgets. Sizes that pass `ImageLimits` cannot
  /// overflow it.
  package var decodingBytes: Int {
    size.count * (3 + max(scratch, orientation == .upright ? 0 : 3))
  }

  /// Checks that the picture is one that may be decoded.
  package func check(_ limits: ImageLimits) throws(ImageError) {
    try limits.check(size, "the picture")
    guard !isAnimated else {
      let count = frames == 1 ? "1 frame" : "\(frames) frames"
      throw ImageError(
        .animated, "the \(format.rawValue) is animated (\(count)); still pictures are accepted")
    }
  }
}
