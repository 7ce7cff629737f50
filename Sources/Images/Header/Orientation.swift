/// How a stored picture has to be turned to be upright: EXIF's tag 0x0112.
package enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  case mirroredOnLeftSide
  case onLeftSide
  case mirroredOnRightSide
  case onRightSide

  /// Rows and columns are exchanged.
  package var transposes: Bool { rawValue >= 5 }
  /// Before they are exchanged, the stored rows are read from right to left.
  var flipsColumns: Bool { [2, 3, 7, 8].contains(rawValue) }
  /// Before they are exchanged, the stored rows are read from below.
  var flipsRows: Bool { [3, 4, 6, 7].contains(rawValue) }

  /// From EXIF data; upright wherever it says nothing, or nothing that can be read.
  ///
  ///     ["Exif\0\0"]  "II*\0" or "MM\0*"  u32 place of the directory
  ///     directory:    u16 entries, each:  u16 tag  u16 type  u32 count  4 bytes value
  init(exif: borrowing HeaderBytes) {
    self = (try? Self.read(exif)) ?? .upright
  }

  private static func read(_ exif: borrowing HeaderBytes) throws(ImageError) -> Orientation? {
    let start = exif.has("Exif\0\0", at: 0) ? 6 : 0
    let isLittle = exif.has("II*\0", at: start)
    guard isLittle || exif.has("MM\0*", at: start) else { return nil }
    func number(_ place: Int, _ size: Int) throws(ImageError) -> Int {
      isLittle ? try exif.little(place, size) : try exif.big(place, size)
    }
    let directory = start + (try number(start + 4, 4))
    var found: Orientation?
    for entry in 0..<(try number(directory, 2)) {
      let place = directory + 2 + 12 * entry
      // An end that comes early takes nothing from what stood before it.
      guard let tag = try? number(place, 2), let type = try? number(place + 2, 2),
        let count = try? number(place + 4, 4)
      else { break }
      guard tag == 0x0112, count == 1 else { continue }
      // Short and long, with a sign or without.
      let size = [3: 2, 8: 2, 4: 4, 9: 4][type]
      if let size, let value = try? number(place + 8, size) { found = Orientation(rawValue: value) }
    }
    return found
  }
}
