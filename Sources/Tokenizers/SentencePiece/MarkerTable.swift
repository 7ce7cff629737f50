internal import Bytes

/// The pieces that give a prompt its structure: control pieces, and of the user-defined ones those
/// that look like it (`<|im_start|>`, `[INST]`). Converters of models have put turn markers into
/// either.
struct MarkerTable: Sendable {
  private let table: PieceTable
  private let ids: Set<Int32>
  /// Lengths in bytes, longest first.
  private let lengths: [Int]
  /// Whether a marker begins with that byte.
  private let begins: [Bool]

  init(
    _ pieces: PackedStrings, _ types: [SentencePieceTokenizer.PieceType]
  ) throws(TokenizerError) {
    var ids: Set<Int32> = []
    var lengths: Set<Int> = []
    var begins = [Bool](repeating: false, count: 256)
    // Of several control pieces of one name the first counts.
    var seen: Set<String> = []
    for id in types.indices where types[id] == .control || types[id] == .userDefined {
      let piece = pieces[id]
      guard types[id] == .control ? !piece.isEmpty : MarkerTable.looksLikeOne(piece),
        seen.insert(pieces.string(id)).inserted
      else { continue }
      ids.insert(Int32(id))
      lengths.insert(piece.count)
      begins[Int(piece[0])] = true
    }
    table = try PieceTable(pieces) { ids.contains(Int32($0)) }
    self.ids = ids
    self.lengths = lengths.sorted(by: >)
    self.begins = begins
  }

  /// `<…>` or `[…]` without white space.
  private static func looksLikeOne(_ piece: Span<UInt8>) -> Bool {
    guard piece.count > 2 else { return false }
    let (first, last) = (piece[0], piece[piece.count - 1])
    let isBracketed =
      (first == UInt8(ascii: "<") && last == UInt8(ascii: ">"))
      || (first == UInt8(ascii: "[") && last == UInt8(ascii: "]"))
    return isBracketed && !piece.indices.contains { piece[$0] <= UInt8(ascii: " ") }
  }

  func has(_ id: Int32) -> Bool { ids.contains(id) }

  /// The longest marker that `bytes` start with.
  func match(_ bytes: Span<UInt8>) -> (id: Int32, length: Int)? {
    guard !bytes.isEmpty, begins[Int(bytes[0])] else { return nil }
    for length in lengths where length <= bytes.count {
      if let id = table.id(bytes.extracting(first: length)) { return (id, length) }
    }
    return nil
  }
}
