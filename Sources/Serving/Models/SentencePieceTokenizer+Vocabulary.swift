internal import Models
internal import Tokenizers

extension SentencePieceTokenizer {
  /// The tokenizer of a GGUF file's vocabulary.
  init(_ vocabulary: SentencePieceVocabulary) throws(TokenizerError) {
    var options = Options()
    options.beginID = vocabulary.beginID
    options.endID = vocabulary.endID
    options.unknownID = vocabulary.unknownID
    options.addsBegin = vocabulary.addsBegin
    options.addsEnd = vocabulary.addsEnd
    options.addsSpacePrefix = vocabulary.addsSpacePrefix
    options.removesExtraWhitespace = vocabulary.removesExtraWhitespace
    try self.init(
      pieces: vocabulary.pieces, scores: vocabulary.scores, types: vocabulary.types,
      options: options)
  }
}
