package import Bytes

/// BERT's WordPiece tokenization (arXiv:1810.04805; arXiv:1609.08144, section 4.1): the text is
/// cleaned and split into words at white space and punctuation, and each word is cut from the
/// left into the longest pieces of the vocabulary.
///
/// Texts end where `maximumTokens` are full; a token costs no memory but its id.
package struct WordPieceTokenizer: Tokenizer {
  /// What becomes of a text before it is cut.
  package struct Normalization: Sendable, Equatable {
    /// Control characters go, every white space becomes a space.
    package var cleansText = true
    /// CJK ideographs become words of their own.
    package var separatesIdeographs = true
    /// Canonical decomposition, then nonspacing marks go.
    package var stripsAccents = true
    package var lowercases = true

    package init() {}
  }

  package struct Options: Sendable {
    package var normalization = Normalization()
    package var unknownPiece = "[UNK]"
    /// The first token of every text.
    package var beginPiece = "[CLS]"
    /// The last.
    package var endPiece = "[SEP]"
    package var paddingPiece = "[PAD]"
    /// Marks pieces that go on within a word.
    package var continuation = "##"
    /// Words with more characters become the unknown piece.
    package var maximumWordLength = 100
    /// Most tokens of a text, the first and the last included; at least 3.
    package var maximumTokens = 512
    /// Largest text in bytes.
    package var maximumBytes = 1 << 20

    package init() {}
  }

  package let options: Options
  package let unknownID: Int32
  package let beginID: Int32
  package let endID: Int32
  /// nil where the vocabulary has no padding piece.
  package let paddingID: Int32?

  package var vocabularySize: Int { table.pieces.count }
  package var maximumBytes: Int { options.maximumBytes }
  /// Measured: 0.9 ms for 16 KiB of Hangul, which falls into letters one by one; English takes 0.04
  /// ms at any length, because reading ends where `maximumTokens` are full.
  package var shortBytes: Int { 16 << 10 }

  let table: PieceTable
  let continuation: [UInt8]
  let continuationHash: PieceTable.Hash
  let normalizer: CharacterNormalizer

  /// - Parameter pieces: index = id.
  package init(pieces: PackedStrings, options: Options) throws(TokenizerError) {
    guard options.maximumTokens >= 3, options.maximumWordLength >= 1 else {
      throw TokenizerError(
        .invalidTokenizer,
        "at most \(options.maximumTokens) tokens and \(options.maximumWordLength) characters a "
          + "word leave no room; at least 3 and 1 are needed")
    }
    let table = try PieceTable(pieces) { !pieces.range($0).isEmpty }
    func required(_ piece: String) throws(TokenizerError) -> Int32 {
      guard let id = table.id(piece) else {
        throw TokenizerError(.invalidTokenizer, "the vocabulary has no piece \"\(piece)\"")
      }
      return id
    }
    unknownID = try required(options.unknownPiece)
    beginID = try required(options.beginPiece)
    endID = try required(options.endPiece)
    paddingID = table.id(options.paddingPiece)
    continuation = Array(options.continuation.utf8)
    var hash = table.start
    for byte in continuation { hash.add(byte) }
    continuationHash = hash
    normalizer = CharacterNormalizer(options.normalization)
    self.options = options
    self.table = table
  }

  package func encode(_ text: String) throws(TokenizerError) -> [Int32] {
    try checkLength(text)
    var splitter = WordSplitter(self)
    for scalar in text.unicodeScalars {
      splitter.append(scalar)
      if splitter.isFull { break }
    }
    return splitter.finish()
  }

  /// Any number of bytes may be white space or one unknown word.
  package func fewestTokens(of text: String) -> Int { 2 }

  /// The pieces with spaces between words; the text's case, accents and spacing are lost.
  package func decode(_ ids: [Int32]) -> String {
    var text = ""
    for id in ids where 0..<vocabularySize ~= Int(id) {
      if id == beginID || id == endID || id == paddingID { continue }
      let piece = table.pieces.string(Int(id))
      if piece.hasPrefix(options.continuation), !text.isEmpty {
        text += piece.dropFirst(options.continuation.count)
      } else {
        text += (text.isEmpty ? "" : " ") + piece
      }
    }
    return text
  }
}
