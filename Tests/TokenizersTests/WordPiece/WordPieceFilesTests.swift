import Bytes
import Foundation
import TestSupport
import Testing

@testable import Tokenizers

struct WordPieceFilesTests {
  static let json = """
    {"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
      "strip_accents": null, "lowercase": false},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<b>"}},
       {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<e>"}}]},
     "model": {"type": "WordPiece", "unk_token": "<u>", "continuing_subword_prefix": "~",
      "max_input_chars_per_word": 5,
      "vocab": {"<b>": 2, "<e>": 1, "<u>": 0, "a": 4, "~b": 3}}}
    """

  private func make(_ json: String) throws -> WordPieceTokenizer {
    try WordPieceTokenizer(json: Array(json.utf8).span.bytes, options: .init())
  }

  @Test func followsTheFile() throws {
    let tokenizer = try make(Self.json)
    #expect(try tokenizer.encode("ab A abbbbb") == [2, 4, 3, 0, 0, 1])
    #expect(tokenizer.options.normalization.stripsAccents == false)
    #expect(tokenizer.options.maximumWordLength == 5)
  }

  @Test(arguments: [
    ("WordPiece", "Unigram", "\"model\" is Unigram; WordPiece is supported"),
    ("BertNormalizer", "NFC", "\"normalizer\" is NFC; BertNormalizer is supported"),
    ("BertPreTokenizer", "ByteLevel", "\"pre_tokenizer\" is ByteLevel"),
    ("TemplateProcessing", "ByteLevel", "\"post_processor\" must put one piece before"),
    ("\"~b\": 3", "\"~b\": 9", "one id below that"),
    ("\"~b\": 3", "\"~b\": 4", "one id below that"),
    ("\"~b\": 3", "\"~b\": -1", "one id below that"),
    ("\"vocab\"", "\"words\"", "\"model\" with its \"vocab\" is missing"),
    ("\"lowercase\": false", "\"lowercase\": 1", "\"lowercase\" must be true, false or null"),
    ("_word\": 5", "_word\": 0", "an integer from 1 to 10000"),
    ("\"a\": 4", "\"a\": 4, \"a\": 4", "stands twice"),
  ])
  func namesWhatItDoesNotSupport(part: String, other: String, expected: String) {
    let error = #expect(throws: TokenizerError.self) {
      try make(Self.json.replacing(part, with: other))
    }
    #expect(error?.reason.contains(expected) == true)
  }

  @Test func readsLinesWithAnyEnding() throws {
    func lines(_ text: String) throws -> [String] {
      let pieces = try WordPieceTokenizer.lines(Array(text.utf8).span.bytes)
      return (0..<pieces.count).map(pieces.string)
    }
    #expect(try lines("a\nb\n") == ["a", "b"])
    #expect(try lines("a\r\n\nb") == ["a", "", "b"])
    #expect(try lines("") == [])
  }

  /// Which of the two a folder's reader takes is up to the reader.
  @Test(arguments: [
    ("<u>\n<e>\n<b>\n~b\na\n", nil),
    ("<u>\n<e>\n<b>\n~c\na\n", "to 3 they give `~c` and `~b`"),
    ("<u>\n<e>\n<b>\n~b\na\nc", "they have 6 and 5 pieces"),
  ])
  func vocabulariesSideBySideMustBeTheSame(vocabulary: String, expected: String?) throws {
    let folder = try TemporaryFolder()
    let config = #"{"unk_token": "<u>", "cls_token": "<b>", "sep_token": "<e>"}"#
    let files = [
      "vocab.txt": vocabulary, "tokenizer_config.json": config, "tokenizer.json": Self.json,
    ]
    for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: folder.file(name))) }
    do {
      _ = try WordPieceTokenizer(folder: folder.path, maximumTokens: 16)
      #expect(expected == nil)
    } catch {
      let expected = try #require(expected)
      #expect(error.reason.contains(expected) && error.reason.contains("tokenizer.json differ"))
    }
  }

  @Test func refusesOtherTokenizerClasses() {
    var options = WordPieceTokenizer.Options()
    let error = #expect(throws: TokenizerError.self) {
      try options.apply(
        config: Array(#"{"tokenizer_class": "LlamaTokenizer"}"#.utf8).span.bytes)
    }
    #expect(error?.reason.contains("LlamaTokenizer; BertTokenizer is supported") == true)
  }

  @Test(arguments: 0..<4)
  func survivesMutatedFiles(seed: UInt64) {
    let bytes = Array(Self.json.utf8)
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<1_000 {
      let broken = Mutation.mutate(bytes, &generator)
      do {
        let tokenizer = try WordPieceTokenizer(json: broken.span.bytes, options: .init())
        _ = try tokenizer.encode("ab A abbbbb")
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > 500)
  }
}
