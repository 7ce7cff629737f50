/// The chunks of a PNG (https://www.w3.org/TR/png-3/#5DataRep).
///
///     signature of 8 bytes   { u32 length  4 bytes type  payload  u32 checksum }
///     IHDR:  u32 width  u32 height …    acTL:  u32 frames …    eXIf:  EXIF data
enum PNGHeader {
  static func read(_ file: borrowing HeaderBytes) throws(ImageError) -> ImageHeader {
    guard file.count >= 33 else { throw file.truncated }
    guard file.has("IHDR", at: 12) else { throw file.corrupt("its first chunk is not IHDR") }
    let size = PixelSize(width: try file.big(16, 4), height: try file.big(20, 4))
    var orientation: Orientation?
    var frames = 1
    var hasPixels = false
    var place = 8
    while true {
      let length = try file.big(place, 4)
      guard length < file.count - place - 11 else { throw file.truncated }
      if file.has("IDAT", at: place + 4) {
        hasPixels = true
      } else if !hasPixels, file.has("acTL", at: place + 4) {
        // Behind the pixels it says nothing.
        frames = max(frames, try file.big(place + 8, 4))
      } else if orientation == nil, file.has("eXIf", at: place + 4) {
        orientation = Orientation(exif: file.part(place + 8, length))
      } else if file.has("IEND", at: place + 4) {
        break
      }
      place += length + 12
    }
    guard hasPixels else { throw file.corrupt("it has no pixels") }
    return ImageHeader(
      .png, size, orientation ?? .upright, frames: frames, isAnimated: frames > 1)
  }
}
