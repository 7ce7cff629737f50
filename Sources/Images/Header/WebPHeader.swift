/// The chunks of a WebP file (RFC 9649).
///
///     "RIFF"  u32 size  "WEBP"   { 4 bytes type  u32 length  payload, padded to an even length }
///     VP8X:  u8 flags  3 bytes  u24 width − 1  u24 height − 1
///     VP8L:  2F  u14 width − 1  u14 height − 1 …
///     VP8:   3 bytes  9D 01 2A  u14 width  u2  u14 height …
enum WebPHeader {
  /// Bytes for each pixel that libwebp keeps of a lossless picture, or of one with alpha.
  private static let scratch = 5

  static func read(_ file: borrowing HeaderBytes) throws(ImageError) -> ImageHeader {
    let end = try file.little(4, 4) + 8
    guard end <= file.count else { throw file.truncated }
    if file.has("VP8X", at: 12) {
      let size = PixelSize(width: try file.little(24, 3) + 1, height: try file.little(27, 3) + 1)
      return try extended(file.part(0, end), size, flags: file.byte(20))
    }
    if file.has("VP8L", at: 12) {
      guard try file.byte(20) == 0x2f else { throw file.corrupt("its bitstream has no signature") }
      let bits = try file.little(21, 4)
      let size = PixelSize(width: bits & 0x3fff + 1, height: bits >> 14 & 0x3fff + 1)
      return ImageHeader(.webp, size, scratch: scratch)
    }
    guard file.has("VP8 ", at: 12) else { throw file.corrupt("its first chunk is no picture") }
    guard file.has([0x9d, 0x01, 0x2a], at: 23) else {
      throw file.corrupt("its bitstream has no signature")
    }
    let size = PixelSize(
      width: try file.little(26, 2) & 0x3fff, height: try file.little(28, 2) & 0x3fff)
    return ImageHeader(.webp, size)
  }

  /// A file that is made of more than a bitstream: with alpha, with EXIF data, or animated.
  private static func extended(
    _ file: borrowing HeaderBytes, _ size: PixelSize, flags: Int
  ) throws(ImageError) -> ImageHeader {
    var orientation: Orientation?
    var frames = 0
    var place = 12
    while place + 8 <= file.count {
      let length = try file.little(place + 4, 4)
      if file.has("ANMF", at: place) { frames += 1 }
      if orientation == nil, file.has("EXIF", at: place) {
        orientation = Orientation(exif: file.part(place + 8, length))
      }
      place += 8 + length + length & 1
    }
    let isAnimated = flags & 0x02 != 0
    return ImageHeader(
      .webp, size, orientation ?? .upright, frames: isAnimated ? frames : 1,
      isAnimated: isAnimated, scratch: scratch)
  }
}
