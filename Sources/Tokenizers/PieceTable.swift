internal import Bytes

/// Finds a vocabulary's pieces by their bytes: open addressing over ids, the bytes staying where
/// the vocabulary holds them.
///
/// A search can go on from the hash of a beginning, so that all prefixes of a word cost one pass.
struct PieceTable: Sendable {
  /// Hash of the bytes seen so far (FNV-1a, 64 bits).
  struct Hash: Sendable {
    fileprivate var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// The low bits of FNV-1a mix little of the last byte: fold the high ones in.
    fileprivate var slot: UInt64 { state ^ (state >> 29) }
  }

  let pieces: PackedStrings
  /// Bytes of the longest piece that can be found.
  let longest: Int
  /// Ids by slot; -1 is empty. At most half full.
  private let slots: [Int32]
  private let mask: Int

  /// - Parameter include: which ids can be found.
  /// - Throws: where two of them have the same bytes.
  init(_ pieces: PackedStrings, include: (Int) -> Bool) throws(TokenizerError) {
    var capacity = 16
    while capacity < 2 * pieces.count { capacity *= 2 }
    var slots = [Int32](repeating: -1, count: capacity)
    var longest = 0
    for id in 0..<pieces.count where include(id) {
      let piece = pieces[id]
      var hash = Hash()
      for index in piece.indices { hash.add(piece[index]) }
      longest = max(longest, piece.count)
      var slot = Int(truncatingIfNeeded: hash.slot) & (capacity - 1)
      while slots[slot] >= 0 {
        guard !equal(pieces[Int(slots[slot])], piece) else {
          throw TokenizerError(
            .invalidTokenizer,
            "the piece \"\(pieces.string(id))\" has two ids, \(slots[slot]) and \(id)")
        }
        slot = (slot + 1) & (capacity - 1)
      }
      slots[slot] = Int32(id)
    }
    self.pieces = pieces
    self.longest = longest
    self.slots = slots
    self.mask = capacity - 1
  }

  /// The id of `prefix` followed by `bytes`, whose hash is `hash`.
  func id(_ hash: Hash, prefix: [UInt8] = [], _ bytes: Span<UInt8>) -> Int32? {
    var slot = Int(truncatingIfNeeded: hash.slot) & mask
    while slots[slot] >= 0 {
      let piece = pieces[Int(slots[slot])]
      if piece.count == prefix.count + bytes.count,
        equal(piece.extracting(first: prefix.count), prefix.span),
        equal(piece.extracting(last: bytes.count), bytes)
      {
        return slots[slot]
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// The id of exactly `bytes`.
  func id(_ bytes: Span<UInt8>) -> Int32? {
    guard bytes.count <= longest else { return nil }
    var hash = Hash()
    for index in bytes.indices { hash.add(bytes[index]) }
    return id(hash, bytes)
  }

  /// The id of exactly `text`.
  func id(_ text: String) -> Int32? { id(Array(text.utf8).span) }
}

private func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  for index in left.indices where left[index] != right[index] { return false }
  return true
}
