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

  package let options: Options
  package var vocabularySize: Int { scores.count }
  package var maximumBytes: Int { options.maximumBytes }
  /// Measured: 0.6 ms for 4 KiB of English.
  package var shortBytes: Int { 4 << 10 }

  let table: PieceTable
  let scores: [Float]
  let types: [PieceType]
  /// The byte pieces' ids by byte; -1 where there is none.
  let byteIDs: [Int32]
  /// The byte of each byte piece, by id.
  let byteValues: [Int32: UInt8]
  /// Lengths in bytes of the pieces that are matched before anything is merged, longest first;
  /// usually none.
  let userDefinedLengths: [Int]
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
    table = try PieceTable(pieces) { id in
      switch kinds[id] {
      // An empty piece would match everywhere.
      case .normal, .userDefined, .unused: !pieces.range(id).isEmpty
      // Text never becomes one of these.
      case .unknown, .control, .byte: false
      }
    }
    (byteIDs, byteValues) = try Self.bytes(pieces, kinds)
    let lengths = Set(
      kinds.indices.filter { kinds[$0] == .userDefined }.map { pieces.range($0).count })
    userDefinedLengths = lengths.filter { $0 > 0 }.sorted(by: >)
    markers = try MarkerTable(pieces, kinds)
    try checkIDs()
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
