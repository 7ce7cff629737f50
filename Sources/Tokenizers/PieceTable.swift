internal import Bytes

/// Finds a vocabulary's pieces by their bytes: open addressing over ids, the bytes staying where
/// the vocabulary holds them.
///
/// A search can go on from the hash of a beginning, so that all prefixes of a word cost one pass.
struct PieceTable: Sendable {
  /// Hash of the bytes seen so far: a polynomial modulo 2^61 - 1 at a random point. Two strings of
  /// n bytes have one hash at no more than n of its points (Carter & Wegman 1979), so that nobody
  /// can write a vocabulary of collisions.
  struct Hash: Sendable {
    private static let modulus: UInt64 = (1 << 61) - 1
    private let point: UInt64
    private var state: UInt64 = 0

    fileprivate init() { point = UInt64.random(in: 1 << 32..<Hash.modulus) }

    mutating func add(_ byte: UInt8) {
      let (high, low) = state.multipliedFullWidth(by: point)
      var sum = (low & Hash.modulus) + (high << 3 | low >> 61) + UInt64(byte) + 1
      sum = (sum & Hash.modulus) + (sum >> 61)
      state = sum >= Hash.modulus ? sum - Hash.modulus : sum
    }

    /// The highest `bits` of the state times the golden ratio.
    fileprivate func slot(bits: Int) -> Int {
      Int(truncatingIfNeeded: (state &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - bits))
    }
  }

  let pieces: PackedStrings
  /// Bytes of the longest piece that can be found.
  let longest: Int
  /// Of no bytes.
  let start: Hash
  /// Most slots that a search looks at.
  private(set) var reach = 0
  /// Ids by slot; -1 is empty. At most half full.
  private var slots: [Int32] = []
  private let bits: Int

  /// By chance one of 10^12 tables of a million pieces reaches as far.
  private static let farthestReach = 256

  /// - Parameter include: which ids can be found.
  /// - Throws: where two of them have the same bytes.
  init(_ pieces: PackedStrings, include: (Int) -> Bool) throws(TokenizerError) {
    var bits = 4
    while 1 << bits < 2 * pieces.count { bits += 1 }
    self.pieces = pieces
    self.bits = bits
    start = Hash()
    slots = [Int32](repeating: -1, count: 1 << bits)
    var longest = 0
    for id in 0..<pieces.count where include(id) { longest = max(longest, pieces[id].count) }
    self.longest = longest
    for id in 0..<pieces.count where include(id) {
      let (slot, looked) = try place(for: id)
      slots[slot] = Int32(id)
      reach = max(reach, looked)
    }
  }

  /// An empty slot, and after how many looks it was found.
  private func place(for id: Int) throws(TokenizerError) -> (slot: Int, looked: Int) {
    let piece = pieces[id]
    var hash = start
    for index in piece.indices { hash.add(piece[index]) }
    var slot = hash.slot(bits: bits)
    var looked = 1
    while slots[slot] >= 0 {
      guard !equal(pieces[Int(slots[slot])], piece) else {
        throw TokenizerError(
          .invalidTokenizer,
          "the piece \"\(pieces.string(id))\" has two ids, \(slots[slot]) and \(id)")
      }
      guard looked < PieceTable.farthestReach else {
        throw TokenizerError(
          .invalidTokenizer, "the pieces crowd their table by a rare chance; load them again")
      }
      slot = (slot + 1) & (slots.count - 1)
      looked += 1
    }
    return (slot, looked)
  }

  /// The id of `prefix` followed by `bytes`, whose hash is `hash`.
  func id(_ hash: Hash, prefix: [UInt8] = [], _ bytes: Span<UInt8>) -> Int32? {
    var slot = hash.slot(bits: bits)
    for _ in 0..<reach {
      guard slots[slot] >= 0 else { return nil }
      let piece = pieces[Int(slots[slot])]
      if piece.count == prefix.count + bytes.count,
        equal(piece.extracting(first: prefix.count), prefix.span),
        equal(piece.extracting(last: bytes.count), bytes)
      {
        return slots[slot]
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The id of exactly `bytes`.
  func id(_ bytes: Span<UInt8>) -> Int32? {
    guard bytes.count <= longest else { return nil }
    var hash = start
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
