import Bytes
import JSON
import TestSupport
import Testing

@testable import Tokenizers

/// Minilm's own tokenizer against the reference library's ids.
struct MinilmTokenizerTests {
  @Test(arguments: TokenGolden.files)
  func agreesOnEveryLine(name: String) throws {
    guard let folder = SharedData.minilm() else { return }
    // As the golden ids: not cut.
    let tokenizer = try WordPieceTokenizer(folder: folder, maximumTokens: 1 << 20)
    try TokenGolden.check(name, "wordpiece", tokenizer)
  }

  @Test func agreesOnHardSentences() throws {
    guard let folder = SharedData.minilm() else { return }
    let golden = try TokenGolden.object("minilm-golden.json")
    let length = try #require(golden["max_seq_length"]?.integer)
    let tokenizer = try WordPieceTokenizer(folder: folder, maximumTokens: length)
    for sentence in try #require(golden["cases"]?.elements) {
      let text = try #require(sentence["text"]?.string)
      let ids = sentence["ids"]?.elements?.map { Int32($0.integer ?? -1) }
      #expect(try tokenizer.encode(text) == ids, "\(text)")
    }
  }

  /// vocab.txt with tokenizer_config.json and tokenizer.json say the same.
  @Test func bothFormsOfTheFolderAgree() throws {
    guard let folder = SharedData.minilm() else { return }
    var options = WordPieceTokenizer.Options()
    options.maximumTokens = 256
    let file = try MappedFile(path: "\(folder)/tokenizer.json")
    let json = try WordPieceTokenizer(json: file.bytes, options: options)
    let text = try WordPieceTokenizer(folder: folder, maximumTokens: 256)
    #expect(json.table.pieces == text.table.pieces)
    #expect(json.options.normalization == text.options.normalization)
    #expect(json.vocabularySize == 30_522)
    #expect((text.beginID, text.endID, text.unknownID, text.paddingID) == (101, 102, 100, 0))
  }
}
