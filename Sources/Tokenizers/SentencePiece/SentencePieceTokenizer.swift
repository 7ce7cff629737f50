package import Bytes

/// SentencePiece tokenization of the BPE kind (arXiv:1808.06226, arXiv:1508.07909) with byte
/// fallback, on the vocabulary that a GGUF file carries.
///
/// Spaces become U+2581, one is put in front, and neighbouring symbols are merged, highest score
/// first, until no pair of neighbours is a piece. Characters without a piece become bytes.
package struct SentencePieceTokenizer: Tokenizer {
  /// What a piece is, with its number in the file.
  package enum PieceType: Int32, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  package struct Options: Sendable {
    package var beginID: Int32?
    package var endID: Int32?
    package var unknownID: Int32?
    package var addsBegin = true
    package var addsEnd = false
    /// A space goes before every text that is not empty.
    package var addsSpacePrefix = true
    /// Spaces at the ends go, several in a row become one.
    package var removesExtraWhitespace = false
    /// Largest text in bytes; encoding takes up to 80 bytes of memory for each.
    package var maximumBytes = 1 << 18

    package init() {}
  }

  /// Bytes of a piece; sentencepiece's own trainer makes them of up to 16 characters.
  private static let longestPiece = 1 << 10
  /// Bytes of all pieces that are matched in texts; each takes up to 30 of memory.
  private static let mostMatched = 1 << 20

  package let options: Options
  package var vocabularySize: Int { scores.count }
  package var maximumBytes: Int { options.maximumBytes }
  /// Measured: 0.6 ms for 4 KiB of English. A pair of long pieces takes long to look up.
  package var shortBytes: Int { (4 << 10) * 128 / max(128, table.longest) }

  let table: PieceTable
  let scores: [Float]
  let types: [PieceType]
  /// The byte pieces' ids by byte; -1 where there is none.
  let byteIDs: [Int32]
  /// The byte of each byte piece, by id.
  let byteValues: [Int32: UInt8]
  /// The pieces that are matched before anything is merged; usually none.
  let userDefined: PieceMatcher
  /// Of these, the ones that are no markers.
  let userDefinedInMessages: PieceMatcher
  /// What only a prompt's own structure may become, never what stands in a message.
  let markers: MarkerTable

  /// - Parameters:
  ///   - pieces: index = id, with U+2581 for spaces.
  ///   - scores: one for each piece; the higher, the sooner it is merged.
  ///   - types: one for each piece, as `PieceType` numbers them.
  package init(
    pieces: PackedStrings, scores: [Float], types: [Int32], options: Options
  ) throws(TokenizerError) {
    guard scores.count == pieces.count, types.count == pieces.count else {
      throw TokenizerError(
        .invalidTokenizer,
        "\(pieces.count) pieces have \(scores.count) scores and \(types.count) types")
    }
    self.options = options
    self.scores = scores
    self.types = try Self.types(types)
    let kinds = self.types
    try Self.checkLengths(pieces, kinds)
    table = try PieceTable(pieces) { id in
      switch kinds[id] {
      // An empty piece would match everywhere.
      case .normal, .userDefined, .unused: !pieces.range(id).isEmpty
      // Text never becomes one of these.
      case .unknown, .control, .byte: false
      }
    }
    (byteIDs, byteValues) = try Self.bytes(pieces, kinds)
    let markers = MarkerTable(pieces, kinds)
    let userDefined = kinds.indices.lazy.filter { kinds[$0] == .userDefined }.map(Int32.init)
      .filter { !pieces.range(Int($0)).isEmpty }
    self.userDefined = PieceMatcher(pieces, Array(userDefined))
    userDefinedInMessages = PieceMatcher(pieces, userDefined.filter { !markers.has($0) })
    self.markers = markers
    try checkIDs()
  }

  /// What merging and matching cost for a byte of text is bounded by these.
  private static func checkLengths(
    _ pieces: PackedStrings, _ types: [PieceType]
  ) throws(TokenizerError) {
    var matched = 0
    for id in types.indices {
      let count = pieces.range(id).count
      guard count <= longestPiece else {
        throw TokenizerError(
          .invalidTokenizer, "piece \(id) has \(count) bytes; at most \(longestPiece) are allowed")
      }
      if types[id] == .userDefined || types[id] == .control { matched += count }
    }
    guard matched <= mostMatched else {
      throw TokenizerError(
        .invalidTokenizer,
        "the user-defined and control pieces have \(matched) bytes together; at most "
          + "\(mostMatched) are allowed")
    }
  }

  private static func types(_ numbers: [Int32]) throws(TokenizerError) -> [PieceType] {
    var types: [PieceType] = []
    types.reserveCapacity(numbers.count)
    for (id, number) in numbers.enumerated() {
      guard let type = PieceType(rawValue: number) else {
        throw TokenizerError(
          .invalidTokenizer, "piece \(id) has the type \(number); 1 to 6 are allowed")
      }
      types.append(type)
    }
    return types
  }

  /// Byte pieces are written "<0x00>" to "<0xFF>".
  private static func bytes(
    _ pieces: PackedStrings, _ types: [PieceType]
  ) throws(TokenizerError) -> ([Int32], [Int32: UInt8]) {
    var ids = [Int32](repeating: -1, count: 256)
    var values: [Int32: UInt8] = [:]
    for id in types.indices where types[id] == .byte {
      let text = pieces.string(id)
      guard text.utf8.count == 6, text.hasPrefix("<0x"), text.hasSuffix(">"),
        let byte = UInt8(text.dropFirst(3).dropLast(), radix: 16)
      else {
        throw TokenizerError(
          .invalidTokenizer, "byte piece \(id) is \"\(text)\"; <0x00> to <0xFF> are allowed")
      }
      ids[Int(byte)] = Int32(id)
      values[Int32(id)] = byte
    }
    return (ids, values)
  }

  private func checkIDs() throws(TokenizerError) {
    for id in [options.beginID, options.endID, options.unknownID] {
      if let id, !(0..<scores.count ~= Int(id)) {
        throw TokenizerError(
          .invalidTokenizer, "the special id \(id) is outside the \(scores.count) pieces")
      }
    }
    guard options.unknownID != nil || !byteIDs.contains(-1) else {
      throw TokenizerError(
        .invalidTokenizer,
        "there is neither an unknown piece nor a piece for each byte: some texts have no ids")
    }
    guard !options.addsBegin || options.beginID != nil, !options.addsEnd || options.endID != nil
    else {
      throw TokenizerError(
        .invalidTokenizer, "begin or end is to be added to texts, but has no id")
    }
  }
}
