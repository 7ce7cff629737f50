internal import CImages

extension Picture {
  /// Decodes a file of a format that `ImageFormat` knows, and turns it upright: the pixels that
  /// Pillow's `ImageOps.exif_transpose` and `convert("RGB")` give.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - mediaType: what its sender says it is, if anything.
  package init(
    decoding bytes: RawSpan, mediaType: String? = nil, limits: ImageLimits = ImageLimits()
  ) throws(ImageError) {
    try limits.check(bytes: bytes.byteCount)
    let header = try ImageHeader(bytes, mediaType: mediaType)
    try self.init(decoding: bytes, header, limits: limits)
  }

  /// The same, of a file whose header has been read.
  package init(
    decoding bytes: RawSpan, _ header: ImageHeader, limits: ImageLimits = ImageLimits()
  ) throws(ImageError) {
    try limits.check(bytes: bytes.byteCount)
    try header.check(limits)
    let stored = try Picture(header.size)
    try stored.decode(bytes, header)
    self = try stored.upright(from: header.orientation)
  }

  private borrowing func decode(_ bytes: RawSpan, _ header: ImageHeader) throws(ImageError) {
    var reason = ci_reason()
    let status = unsafe bytes.withUnsafeBytes { bytes in
      var picture = unsafe ci_picture(
        bytes: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count,
        width: UInt32(header.size.width), height: UInt32(header.size.height), pixels: pixels)
      return switch header.format {
      case .jpeg:
        unsafe ci_decode_jpeg(
          &picture, Int32(ImageLimits.scans), Self.coefficientBytes(header), &reason)
      case .png: unsafe ci_decode_png(&picture, &reason)
      case .webp: unsafe ci_decode_webp(&picture, &reason)
      }
    }
    guard status != CI_OK else { return }
    let text = unsafe withUnsafeBytes(of: &reason.text) { text in
      unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    throw Self.error(status, header, text)
  }

  /// Most memory that libjpeg may take for a picture in several scans: its blocks end at the edge
  /// of a unit of up to 32 × 32 pixels.
  private static func coefficientBytes(_ header: ImageHeader) -> Int {
    (header.size.width + 64) * (header.size.height + 64) * 2 * 4 + 4 << 20
  }

  private static func error(
    _ status: ci_status, _ header: ImageHeader, _ reason: String
  ) -> ImageError {
    let name = header.format.rawValue
    return switch status {
    case CI_TRUNCATED: ImageError(.truncated, "the \(name) is cut short: \(reason)")
    case CI_UNSUPPORTED:
      ImageError(.unsupported, "this kind of \(name) is not supported: \(reason)")
    case CI_TOO_MANY_SCANS:
      ImageError(
        .tooLarge, "the \(name) has more than \(ImageLimits.scans) scans, which is what is allowed")
    case CI_NO_MEMORY:
      ImageError(
        .outOfMemory, "there is no memory to decode a \(name) of \(header.size) pixels now")
    default: ImageError(.corrupt, "the \(name) is broken: \(reason)")
    }
  }
}
