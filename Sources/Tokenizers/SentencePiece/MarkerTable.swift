internal import Bytes

/// The pieces that give a prompt its structure: control pieces, and of the user-defined ones those
/// that look like it (`<|im_start|>`, `[INST]`). Converters of models have put turn markers into
/// either.
struct MarkerTable: Sendable {
  private let ids: Set<Int32>
  let matcher: PieceMatcher

  init(_ pieces: PackedStrings, _ types: [SentencePieceTokenizer.PieceType]) {
    var ids: [Int32] = []
    // Of several control pieces of one name the first counts.
    var seen: Set<String> = []
    for id in types.indices where types[id] == .control || types[id] == .userDefined {
      let piece = pieces[id]
      guard types[id] == .control ? !piece.isEmpty : MarkerTable.looksLikeOne(piece),
        seen.insert(pieces.string(id)).inserted
      else { continue }
      ids.append(Int32(id))
    }
    self.ids = Set(ids)
    matcher = PieceMatcher(pieces, ids)
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
}
