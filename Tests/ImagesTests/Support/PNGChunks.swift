/// The chunks of a PNG, for tests that change them.
enum PNGChunks {
  /// CRC-32 of a chunk's type and payload, as it stands behind them.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var state = UInt32.max
    for byte in bytes { state = state >> 8 ^ table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] }
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~state >> $0) }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { state, _ in state >> 1 ^ (state & 1 == 1 ? 0xedb8_8320 : 0) }
  }

  /// The same file with the right checksum behind each chunk, as far as chunks can be made out.
  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = place + 8 + length
      guard end + 4 <= bytes.count else { break }
      bytes.replaceSubrange(end..<end + 4, with: checksum(bytes[place + 4..<end]))
      place = end + 4
    }
    return bytes
  }
}
