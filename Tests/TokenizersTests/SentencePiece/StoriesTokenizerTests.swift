import Foundation
import JSON
import Models
import TestSupport
import Testing
import Tokenizers

/// The tokenizer of stories260K against the reference library's ids.
struct StoriesTokenizerTests {
  static func load(maximumBytes: Int = 1 << 21) throws -> SentencePieceTokenizer? {
    guard let path = SharedData.path("models/stories260K-f32.gguf") else { return nil }
    let vocabulary = try #require(try LlamaModel(path: path).vocabulary)
    var options = SentencePieceTokenizer.Options()
    options.beginID = vocabulary.beginID
    options.endID = vocabulary.endID
    options.unknownID = vocabulary.unknownID
    options.addsBegin = vocabulary.addsBegin
    options.addsEnd = vocabulary.addsEnd
    options.addsSpacePrefix = vocabulary.addsSpacePrefix
    options.maximumBytes = maximumBytes
    return try SentencePieceTokenizer(
      pieces: vocabulary.pieces, scores: vocabulary.scores, types: vocabulary.types,
      options: options)
  }

  @Test(arguments: TokenGolden.files)
  func agreesOnEveryLine(name: String) throws {
    guard let tokenizer = try Self.load() else { return }
    try TokenGolden.check(name, "sentencepiece", tokenizer)
  }

  @Test func encodesThePromptsAsExpected() throws {
    guard let tokenizer = try Self.load(),
      let path = SharedData.path("models/stories260K.expected.json")
    else { return }
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let cases = try #require(try JSONDocument(bytes.span.bytes).root["cases"]?.elements)
    #expect(cases.count == 4)
    for story in cases {
      let prompt = try #require(story["prompt"]?.string)
      let ids = story["prompt_ids"]?.elements?.map { Int32($0.integer ?? -1) }
      #expect(try tokenizer.encode(prompt) == ids)
    }
  }

  @Test(arguments: TokenGolden.files)
  func decodingUndoesEncodingOnEveryLine(name: String) throws {
    guard let tokenizer = try Self.load(), let path = SharedData.path("data/\(name)") else {
      return
    }
    for line in try TokenGolden.lines(path, isLatin1: name.hasPrefix("rt")) {
      let ids = try tokenizer.encode(line)
      #expect(tokenizer.decode(ids).utf8.elementsEqual(line.utf8))
    }
  }
}
