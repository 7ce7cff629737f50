/// The segments of a JPEG before its first scan (ITU-T T.81, annex B).
///
///     FF D8   { FF marker  u16 length (its own two bytes included)  payload }
///     SOF:    u8 precision  u16 height  u16 width  u8 components  { u8 id  u8 sampling  u8 table }
///     SOS:    u8 components …
///     APP1:   "Exif\0\0" and EXIF data
enum JPEGHeader {
  static func read(_ file: borrowing HeaderBytes) throws(ImageError) -> ImageHeader {
    var place = 2
    var frame: Frame?
    var orientation: Orientation?
    while true {
      let marker = try nextMarker(file, &place)
      switch marker {
      case 0x01, 0xd0...0xd7: continue
      case 0xd8: throw file.corrupt("it begins twice")
      case 0xd9: throw file.corrupt("it ends without a picture")
      default: break
      }
      let length = try file.big(place, 2)
      guard length >= 2 else { throw file.corrupt("a segment has a length of \(length)") }
      guard length <= file.count - place else { throw file.truncated }
      let payload = file.part(place + 2, length - 2)
      place += length
      switch marker {
      case 0xc4, 0xcc: break  // tables
      case 0xc0...0xcf:
        guard frame == nil else { throw file.corrupt("it has two frames") }
        frame = try Frame(payload, marker: marker)
      case 0xe1 where orientation == nil && payload.has("Exif\0\0", at: 0):
        orientation = Orientation(exif: payload)
      case 0xda:
        guard let frame else { throw file.corrupt("a scan comes before the frame") }
        // Pictures in several scans are kept as coefficients of 16 bits until the last of them.
        let scanned = try payload.byte(0)
        let isWhole = !frame.isProgressive && scanned == frame.components
        return ImageHeader(
          .jpeg, frame.size, orientation ?? .upright, scratch: isWhole ? 0 : 2 * frame.components)
      default: break
      }
    }
  }

  /// The next marker, past bytes that belong to none, as libjpeg steps over them.
  private static func nextMarker(
    _ file: borrowing HeaderBytes, _ place: inout Int
  ) throws(ImageError) -> Int {
    while true {
      while try file.byte(place) != 0xff { place += 1 }
      while try file.byte(place) == 0xff { place += 1 }
      let marker = try file.byte(place)
      place += 1
      if marker != 0 { return marker }
    }
  }

  private struct Frame {
    let size: PixelSize
    let components: Int
    let isProgressive: Bool

    init(_ payload: borrowing HeaderBytes, marker: Int) throws(ImageError) {
      switch marker {
      case 0xc0, 0xc1, 0xc9: isProgressive = false
      case 0xc2, 0xca: isProgressive = true
      case 0xc3, 0xc7, 0xcb, 0xcf:
        throw payload.unsupported("it is lossless; baseline and progressive ones are accepted")
      default:
        throw payload.unsupported("it is hierarchical; baseline and progressive ones are accepted")
      }
      let precision = try payload.byte(0)
      guard precision == 8 else {
        throw payload.unsupported("it has \(precision) bits for each value; 8 are accepted")
      }
      size = PixelSize(width: try payload.big(3, 2), height: try payload.big(1, 2))
      guard size.height > 0 else {
        throw payload.unsupported("its height comes after the picture")
      }
      components = try payload.byte(5)
      guard [1, 3, 4].contains(components) else {
        throw payload.unsupported(
          "it has \(components) components; 1 (grey), 3 (colours) and 4 (inks) are accepted")
      }
    }
  }
}
