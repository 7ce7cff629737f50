internal import CImages

/// Makes of a picture what a model takes: f32, as its settings say.
package struct ImagePreprocessor: Sendable {
  package let settings: PreprocessorSettings
  /// f32 [channels][256]: what each byte of an output channel becomes.
  private let tables: [Float]
  /// Which channel of the picture an output channel is.
  private let order: [Int32]

  package init(_ settings: PreprocessorSettings) throws(PreprocessorError) {
    try settings.check()
    self.settings = settings
    order =
      switch settings.channels {
      case .rgb: [0, 1, 2]
      case .bgr: [2, 1, 0]
      case .grey: [0]
      }
    var tables: [Float] = []
    for channel in order.indices {
      for byte in 0..<256 {
        // In these steps and roundings, as the training pipelines do it with NumPy.
        var value = Float(Double(byte) * settings.scale)
        if let normalisation = settings.normalisation {
          value = (value - normalisation.mean[channel]) / normalisation.deviation[channel]
        }
        tables.append(value)
      }
    }
    self.tables = tables
  }

  /// Channels of the output.
  package var channels: Int { settings.channels.count }

  /// The output's size where it is the same for every picture.
  package var fixedSize: PixelSize? {
    if let crop = settings.crop { return crop }
    if case .exact(let size) = settings.resizing { return size }
    return nil
  }

  /// Width and height of the output for a picture whose upright size is `size`.
  ///
  /// - Throws: where that is more than a picture may have.
  package func outputSize(
    for size: PixelSize, limits: ImageLimits = ImageLimits()
  ) throws(ImageError) -> PixelSize {
    if let fixedSize { return fixedSize }
    let size = resizedSize(for: size)
    try limits.check(size, "the resized picture")
    return size
  }

  /// Most memory that `prepare` takes at once for a picture, without the output: for budgets.
  package func preparationBytes(
    for header: ImageHeader, limits: ImageLimits = ImageLimits()
  ) throws(ImageError) -> Int {
    let size = header.uprightSize
    let output = try outputSize(for: size, limits: limits)
    // Between the passes one side is the output's already.
    let between =
      size.takesColumnsFirst(to: resizedSize(for: size))
      ? size.width * output.height : output.width * size.height
    return max(header.decodingBytes, 3 * (size.count + between + 2 * output.count))
  }

  /// Decodes a file and writes what the model takes.
  ///
  /// - Parameters:
  ///   - header: the file's own.
  ///   - output: exactly `channels` values for each pixel of `outputSize(for:limits:)`.
  package func prepare(
    _ bytes: RawSpan, _ header: ImageHeader, limits: ImageLimits = ImageLimits(),
    into output: inout MutableSpan<Float>
  ) throws(ImageError) {
    let picture = try Picture(decoding: bytes, header, limits: limits)
    try prepare(picture, limits: limits, into: &output)
  }

  /// The same, of a picture in three colours.
  package func prepare(
    _ picture: consuming Picture, limits: ImageLimits = ImageLimits(),
    into output: inout MutableSpan<Float>
  ) throws(ImageError) {
    precondition(picture.channels == 3)
    let wanted = try outputSize(for: picture.size, limits: limits)
    precondition(output.count == wanted.count * channels)
    let size = resizedSize(for: picture.size)
    let coloured = settings.channels == .grey ? try picture.grey() : picture
    let shown = settings.crop.map { middle(of: size, $0) }
    var result = try coloured.resized(to: size, by: settings.filter, window: shown?.window)
    if let crop = settings.crop, let shown {
      result = try result.padded(to: crop, x: shown.x, y: shown.y)
    }
    let (count, channels) = (result.size.count, Int32(channels))
    let isPlanar: Int32 = settings.layout == .channelsFirst ? 1 : 0
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe order.withUnsafeBufferPointer { order in
        unsafe tables.withUnsafeBufferPointer { tables in
          unsafe ci_look_up(
            result.pixels, count, channels, order.baseAddress, tables.baseAddress, isPlanar,
            output.baseAddress)
        }
      }
    }
  }

  private func resizedSize(for size: PixelSize) -> PixelSize {
    switch settings.resizing {
    case .none: return size
    case .exact(let size): return size
    case .shortestEdge(let edge):
      let short = min(size.width, size.height)
      let long = Int(Double(edge * max(size.width, size.height)) / Double(short))
      return size.width <= size.height
        ? PixelSize(width: edge, height: long) : PixelSize(width: long, height: edge)
    }
  }

  /// Where the middle of `crop` pixels lies in a picture of `size`, and where that lies in the
  /// crop.
  private func middle(
    of size: PixelSize, _ crop: PixelSize
  ) -> (window: PixelWindow, x: Int, y: Int) {
    let (x, width, left) = middle(of: size.width, crop.width)
    let (y, height, top) = middle(of: size.height, crop.height)
    return (PixelWindow(x: x, y: y, width: width, height: height), left, top)
  }

  private func middle(of side: Int, _ crop: Int) -> (start: Int, length: Int, place: Int) {
    switch settings.centring {
    case .near:
      // An odd pixel is left out on the far side, or added on the near one.
      return side >= crop ? ((side - crop) / 2, crop, 0) : (0, side, (crop - side + 1) / 2)
    case .nearest:
      guard side >= crop else { return (0, side, (crop - side) / 2) }
      let half = (Double(side - crop) / 2).rounded(.toNearestOrEven)
      return (Int(half), crop, 0)
    }
  }
}
