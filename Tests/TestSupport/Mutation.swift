/// Breaks well-formed files the way damage and malice do.
package enum Mutation {
  /// Numbers that parsers stumble over, as little-endian words.
  private static let words: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff, 1 << 40,
  ]

  /// A copy of `bytes` with one to four faults: flipped bits, random bytes, extreme words,
  /// a cut or doubled stretch, a lost end.
  package static func mutate(
    _ bytes: [UInt8], _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &generator)
      let length = min(Int.random(in: 1...64, using: &generator), bytes.count - place)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2:
        let word = words[Int.random(in: words.indices, using: &generator)]
        let size = [1, 2, 4, 8][Int.random(in: 0..<4, using: &generator)]
        for index in 0..<min(size, bytes.count - place) {
          bytes[place + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
        }
      case 3: bytes.removeSubrange(place..<place + length)
      case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
      default: bytes.removeLast(bytes.count - place)
      }
    }
    return bytes
  }
}
