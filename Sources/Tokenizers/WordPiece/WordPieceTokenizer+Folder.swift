internal import Bytes
internal import JSON

extension WordPieceTokenizer {
  /// The tokenizer of a Hugging Face folder: vocab.txt with tokenizer_config.json, or else
  /// tokenizer.json. Where there are both vocabularies they must be the same: other software reads
  /// the one or the other, and with a wrong one every answer is wrong.
  ///
  /// - Parameter maximumTokens: most tokens of a text, [CLS] and [SEP] included.
  package init(folder path: String, maximumTokens: Int) throws(TokenizerError) {
    var options = Options()
    options.maximumTokens = maximumTokens
    if let vocabulary = try Self.mapIfPresent("\(path)/vocab.txt"),
      let config = try Self.mapIfPresent("\(path)/tokenizer_config.json")
    {
      do throws(TokenizerError) {
        try options.apply(config: config.region.bytes)
      } catch {
        throw TokenizerError(error.code, "\(config.path): \(error.reason)")
      }
      let pieces: PackedStrings
      do throws(TokenizerError) {
        pieces = try Self.lines(vocabulary.region.bytes)
        try self.init(pieces: pieces, options: options)
      } catch {
        throw TokenizerError(error.code, "\(vocabulary.path): \(error.reason)")
      }
      try Self.check(pieces, against: "\(path)/tokenizer.json")
      return
    }
    guard let file = try Self.mapIfPresent("\(path)/tokenizer.json") else {
      throw TokenizerError(
        .invalidTokenizer,
        "\(path): there is neither vocab.txt with tokenizer_config.json nor a tokenizer.json")
    }
    do throws(TokenizerError) {
      try self.init(json: file.region.bytes, options: options)
    } catch {
      throw TokenizerError(error.code, "\(file.path): \(error.reason)")
    }
  }

  /// - Throws: where there is such a file and its vocabulary is another, with the first difference.
  private static func check(
    _ pieces: PackedStrings, against path: String
  ) throws(TokenizerError) {
    guard let file = try mapIfPresent(path) else { return }
    let others: PackedStrings
    do throws(TokenizerError) {
      others = try self.pieces(json: parse(file.region.bytes, VocabularyLimit.tokenizer))
    } catch {
      throw TokenizerError(error.code, "\(path): \(error.reason)")
    }
    if pieces == others { return }
    let shared = 0..<min(pieces.count, others.count)
    let difference =
      if let id = shared.first(where: { pieces.string($0) != others.string($0) }) {
        "to \(id) they give `\(pieces.string(id).prefix(64))` and `\(others.string(id).prefix(64))`"
      } else {
        "they have \(pieces.count) and \(others.count) pieces"
      }
    throw TokenizerError(
      .invalidTokenizer,
      "vocab.txt and \(path) differ: \(difference); remove the one that is not the model's")
  }

  /// nil where there is no such file; one that is there must be readable.
  private static func mapIfPresent(_ path: String) throws(TokenizerError) -> MappedFile? {
    do throws(FileError) {
      return try MappedFile(path: path, limit: VocabularyLimit.bytes)
    } catch {
      if error.isMissing { return nil }
      throw TokenizerError(.invalidTokenizer, "\(error)")
    }
  }

  /// vocab.txt: one piece a line, the line's number from 0 being its id.
  static func lines(_ text: RawSpan) throws(TokenizerError) -> PackedStrings {
    guard text.byteCount <= VocabularyLimit.bytes else {
      throw TokenizerError(
        .invalidTokenizer,
        "the vocabulary has \(text.byteCount) bytes; at most \(VocabularyLimit.bytes) are allowed")
    }
    var pieces = PackedStrings()
    pieces.reserveCapacity(strings: text.byteCount / 6, bytes: text.byteCount)
    var start = 0
    var index = 0
    while index < text.byteCount {
      let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte == UInt8(ascii: "\n") {
        pieces.append(text.extracting(start..<trimmedEnd(text, start, index)))
        start = index + 1
      }
      index += 1
    }
    if start < index { pieces.append(text.extracting(start..<trimmedEnd(text, start, index))) }
    guard pieces.count <= VocabularyLimit.pieces else {
      throw TokenizerError(
        .invalidTokenizer,
        "the vocabulary has \(pieces.count) pieces; at most \(VocabularyLimit.pieces) are allowed")
    }
    return pieces
  }

  /// The end of a line without its carriage return.
  private static func trimmedEnd(_ text: RawSpan, _ start: Int, _ end: Int) -> Int {
    guard end > start else { return end }
    let last = unsafe text.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self)
    return last == UInt8(ascii: "\r") ? end - 1 : end
  }

  static func parse(
    _ text: RawSpan, _ limits: JSONDocument.Limits
  ) throws(TokenizerError) -> JSONValue {
    do throws(JSONError) {
      return try JSONDocument(text, limits: limits).root
    } catch { throw TokenizerError(.invalidTokenizer, "\(error)") }
  }

  static func flag(_ object: JSONValue, _ key: String) throws(TokenizerError) -> Bool? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let flag = value.boolean else {
      throw TokenizerError(.invalidTokenizer, "\"\(key)\" must be true, false or null")
    }
    return flag
  }
}

extension WordPieceTokenizer.Options {
  /// Takes over what tokenizer_config.json says: do_lower_case, strip_accents (as lower case where
  /// null), tokenize_chinese_chars and the special pieces.
  mutating func apply(config text: RawSpan) throws(TokenizerError) {
    let root = try WordPieceTokenizer.parse(text, VocabularyLimit.config)
    if let kind = root["tokenizer_class"]?.string,
      kind != "BertTokenizer", kind != "BertTokenizerFast"
    {
      throw TokenizerError(
        .invalidTokenizer, "\"tokenizer_class\" is \(kind); BertTokenizer is supported")
    }
    let lowercases = try WordPieceTokenizer.flag(root, "do_lower_case") ?? true
    normalization.lowercases = lowercases
    normalization.stripsAccents =
      try WordPieceTokenizer.flag(root, "strip_accents") ?? lowercases
    normalization.separatesIdeographs =
      try WordPieceTokenizer.flag(root, "tokenize_chinese_chars") ?? true
    /// A piece is written as a string or as an object with its "content".
    func piece(_ key: String) -> String? { root[key]?.string ?? root[key]?["content"]?.string }
    unknownPiece = piece("unk_token") ?? unknownPiece
    beginPiece = piece("cls_token") ?? beginPiece
    endPiece = piece("sep_token") ?? endPiece
    paddingPiece = piece("pad_token") ?? paddingPiece
  }
}

/// Bounds on a tokenizer's own files.
enum VocabularyLimit {
  static let bytes = 64 << 20
  static let pieces = 1 << 20
  static let tokenizer = JSONDocument.Limits(bytes: bytes, depth: 24, values: 4 << 20)
  static let config = JSONDocument.Limits(bytes: 4 << 20, depth: 24, values: 1 << 18)
}
