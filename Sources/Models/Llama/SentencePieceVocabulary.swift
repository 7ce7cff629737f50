package import Bytes

/// What a GGUF file says about its SentencePiece tokenizer (`tokenizer.ggml.*`, model "llama"),
/// lengths and ranges checked; Tokenizers makes a tokenizer of it.
package struct SentencePieceVocabulary: Sendable {
  /// Index = id; spaces are written U+2581.
  package let pieces: PackedStrings
  /// One for each piece; the higher, the sooner it is merged.
  package let scores: [Float]
  /// One for each piece: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
  package let types: [Int32]
  package let beginID: Int32?
  package let endID: Int32?
  package let unknownID: Int32?
  package let paddingID: Int32?
  /// Ids that end an answer: the end of text, and of a turn where the file says which, or where a
  /// piece has one of the names that are common for it.
  package let stopIDs: [Int32]
  package let addsBegin: Bool
  package let addsEnd: Bool
  /// Whether a space is put before the text.
  package let addsSpacePrefix: Bool
  package let removesExtraWhitespace: Bool
  /// The Jinja template of conversations, unparsed; empty for none.
  package let chatTemplate: String

  static let limit = 1 << 20

  /// Pieces that end a turn, whatever else the file says; converters have left the ids out at
  /// times.
  private static let turnEnds: Set<String> = [
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|end_of_turn|>", "<end_of_turn>",
    "<|endoftext|>",
  ]

  init?(_ file: GGUFFile, size: Int) throws(ModelError) {
    guard let model = try file.string("tokenizer.ggml.model") else { return nil }
    guard model == "llama" else {
      throw ModelError(
        .unsupported, file.path,
        "GGUF: the tokenizer is \"\(model)\"; \"llama\" (SentencePiece) is supported")
    }
    guard let pieces = try file.strings("tokenizer.ggml.tokens", limit: Self.limit) else {
      throw file.problem("tokenizer.ggml.tokens is missing")
    }
    guard pieces.count == size else {
      throw file.problem("tokenizer.ggml.tokens has \(pieces.count) pieces; \(size) are expected")
    }
    guard let scores = try file.floats("tokenizer.ggml.scores", limit: Self.limit) else {
      throw file.problem("tokenizer.ggml.scores is missing")
    }
    // Without types nothing would keep text from becoming a control piece.
    guard let types = try file.integers("tokenizer.ggml.token_type", limit: Self.limit) else {
      throw file.problem("tokenizer.ggml.token_type is missing")
    }
    guard scores.count == size, types.count == size else {
      throw file.problem(
        "tokenizer.ggml.scores has \(scores.count) and token_type \(types.count) entries; "
          + "each of the \(size) pieces needs one")
    }
    guard !scores.contains(where: \.isNaN) else {
      throw file.problem("tokenizer.ggml.scores has a value that is no number")
    }
    if let strange = types.first(where: { !(1...6 ~= $0) }) {
      throw file.problem("tokenizer.ggml.token_type has the value \(strange); 1 to 6 are allowed")
    }
    self.pieces = pieces
    self.scores = scores
    self.types = types
    func id(_ key: String, _ usual: Int32?) throws(ModelError) -> Int32? {
      guard file.metadata[key] != nil else { return usual.flatMap { $0 < size ? $0 : nil } }
      return try file.integer(key, in: 0...size - 1).map(Int32.init)
    }
    // The usual ids are those of Llama's own tokenizer.
    beginID = try id("tokenizer.ggml.bos_token_id", 1)
    endID = try id("tokenizer.ggml.eos_token_id", 2)
    unknownID = try id("tokenizer.ggml.unknown_token_id", 0)
    paddingID = try id("tokenizer.ggml.padding_token_id", nil)
    let turnEnds = [
      try id("tokenizer.ggml.eot_token_id", nil), try id("tokenizer.ggml.eom_token_id", nil),
    ]
    stopIDs = Self.stopIDs(([endID] + turnEnds).compactMap(\.self), pieces, types)
    addsBegin = try file.boolean("tokenizer.ggml.add_bos_token") ?? true
    addsEnd = try file.boolean("tokenizer.ggml.add_eos_token") ?? false
    addsSpacePrefix = try file.boolean("tokenizer.ggml.add_space_prefix") ?? true
    removesExtraWhitespace =
      try file.boolean("tokenizer.ggml.remove_extra_whitespaces") ?? false
    chatTemplate = try file.string("tokenizer.chat_template") ?? ""
  }

  /// Text never becomes one of them: only control and user-defined pieces count.
  private static func stopIDs(
    _ named: [Int32], _ pieces: PackedStrings, _ types: [Int32]
  ) -> [Int32] {
    let found = types.indices.lazy.filter { id in
      (types[id] == 3 || types[id] == 4) && turnEnds.contains(pieces.string(id))
    }
    return (Set(named).union(found.map(Int32.init))).sorted()
  }
}
