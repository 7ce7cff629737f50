internal import Bytes
internal import JSON

extension WordPieceTokenizer {
  /// A Hugging Face tokenizer.json whose parts are BERT's; any other part is refused by name.
  /// Its own truncation and padding do not count: `options.maximumTokens` does.
  package init(json text: RawSpan, options: Options) throws(TokenizerError) {
    let root = try Self.parse(text, VocabularyLimit.tokenizer)
    let model = try Self.model(root)
    try Self.check(root["pre_tokenizer"]?["type"], "pre_tokenizer", "BertPreTokenizer")
    try Self.check(root["normalizer"]?["type"], "normalizer", "BertNormalizer")
    var options = options
    if let normalizer = root["normalizer"] {
      options.normalization = try Self.normalization(normalizer)
    }
    options.unknownPiece = model["unk_token"]?.string ?? options.unknownPiece
    options.continuation = model["continuing_subword_prefix"]?.string ?? options.continuation
    if let length = model["max_input_chars_per_word"] {
      guard let length = length.integer, 1...10_000 ~= length else {
        throw TokenizerError(
          .invalidTokenizer, "\"max_input_chars_per_word\" must be an integer from 1 to 10000")
      }
      options.maximumWordLength = length
    }
    if let (begin, end) = try Self.frame(root["post_processor"]) {
      options.beginPiece = begin
      options.endPiece = end
    }
    try self.init(pieces: Self.pieces(json: root), options: options)
  }

  private static func check(
    _ type: JSONValue?, _ part: String, _ allowed: String
  ) throws(TokenizerError) {
    guard let name = type?.string else {
      throw TokenizerError(.invalidTokenizer, "\"\(part)\" has no \"type\"")
    }
    guard name == allowed else {
      throw TokenizerError(
        .invalidTokenizer, "\"\(part)\" is \(name); \(allowed) is supported")
    }
  }

  private static func normalization(_ value: JSONValue) throws(TokenizerError) -> Normalization {
    var normalization = Normalization()
    normalization.cleansText = try flag(value, "clean_text") ?? true
    normalization.separatesIdeographs = try flag(value, "handle_chinese_chars") ?? true
    normalization.lowercases = try flag(value, "lowercase") ?? true
    normalization.stripsAccents = try flag(value, "strip_accents") ?? normalization.lowercases
    return normalization
  }

  /// The pieces around a text, from a template "first $A last" or BertProcessing.
  private static func frame(_ value: JSONValue?) throws(TokenizerError) -> (String, String)? {
    guard let value, !value.isNull else { return nil }
    switch value["type"]?.string {
    case "TemplateProcessing":
      if let parts = value["single"]?.elements, parts.count == 3,
        let begin = parts[0]["SpecialToken"]?["id"]?.string,
        parts[1]["Sequence"] != nil,
        let end = parts[2]["SpecialToken"]?["id"]?.string
      {
        return (begin, end)
      }
    case "BertProcessing":
      if let begin = value["cls"]?.elements?.first?.string,
        let end = value["sep"]?.elements?.first?.string
      {
        return (begin, end)
      }
    default: break
    }
    throw TokenizerError(
      .invalidTokenizer,
      "\"post_processor\" must put one piece before and one after the text "
        + "(TemplateProcessing or BertProcessing)")
  }

  private static func model(_ root: JSONValue) throws(TokenizerError) -> JSONValue {
    guard let model = root["model"], model["vocab"] != nil else {
      throw TokenizerError(.invalidTokenizer, "\"model\" with its \"vocab\" is missing")
    }
    if model["type"] != nil { try check(model["type"], "model", "WordPiece") }
    return model
  }

  /// The vocabulary of a tokenizer.json by id: every id from 0 up to the number of pieces stands
  /// once.
  static func pieces(json root: JSONValue) throws(TokenizerError) -> PackedStrings {
    guard let vocabulary = try model(root)["vocab"] else { return PackedStrings() }
    guard vocabulary.kind == .object, 1...VocabularyLimit.pieces ~= vocabulary.count else {
      throw TokenizerError(
        .invalidTokenizer,
        "\"vocab\" must be an object of 1 to \(VocabularyLimit.pieces) pieces")
    }
    let count = vocabulary.count
    var pieces = PackedStrings()
    pieces.reserveCapacity(strings: count, bytes: 8 * count)
    /// Where each id stands in the file, which usually is in order.
    var places = [Int32](repeating: -1, count: count)
    var isOrdered = true
    try vocabulary.forEachMember { (key, value) throws(TokenizerError) in
      let place = pieces.count
      guard let id = value.integer, places.indices ~= id, places[id] < 0 else {
        throw TokenizerError(
          .invalidTokenizer, "\"vocab\" must give each of its \(count) pieces one id below that")
      }
      places[id] = Int32(place)
      isOrdered = isOrdered && id == place
      unsafe pieces.append(key.bytes)
    }
    if isOrdered { return pieces }
    var sorted = PackedStrings()
    sorted.reserveCapacity(strings: count, bytes: 8 * count)
    for place in places { unsafe sorted.append(pieces[Int(place)].bytes) }
    return sorted
  }
}
