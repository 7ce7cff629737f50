/// Bounds on pictures from outside, checked before memory is taken for their pixels.
package struct ImageLimits: Sendable, Equatable {
  /// Most bytes of one file; `--max-image-size`.
  package var bytes: Int
  /// Most pixels, of a file or of what it is resized to; `--max-image-pixels`. Decoding takes 3
  /// bytes for each, and up to 8 more for a while.
  package var pixels: Int
  /// Most pixels of width, and of height; `--max-image-side`.
  package var side: Int

  /// Most scans of a JPEG. Each costs a pass over the whole picture, however few bytes it has;
  /// encoders write about ten.
  static let scans = 100

  package init(bytes: Int = 32 << 20, pixels: Int = 64 << 20, side: Int = 16_384) {
    self.bytes = bytes
    self.pixels = pixels
    self.side = side
  }

  func check(bytes count: Int) throws(ImageError) {
    guard count <= bytes else {
      throw ImageError(
        .tooLarge, "the picture has \(count) bytes; at most \(bytes) are allowed (--max-image-size)"
      )
    }
  }

  /// - Parameter what: "the picture" or what else has this size.
  func check(_ size: PixelSize, _ what: String) throws(ImageError) {
    guard size.width <= side, size.height <= side else {
      throw ImageError(
        .tooLarge,
        "\(what) is \(size) pixels; at most \(side) to a side are allowed (--max-image-side)")
    }
    let (count, overflow) = size.width.multipliedReportingOverflow(by: size.height)
    guard !overflow, count <= pixels else {
      throw ImageError(
        .tooLarge,
        "\(what) is \(size) pixels; at most \(pixels) in all are allowed (--max-image-pixels)")
    }
  }
}

/// Width and height, in pixels.
package struct PixelSize: Sendable, Equatable, CustomStringConvertible {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package var count: Int { width * height }
  package var description: String { "\(width) × \(height)" }
}
