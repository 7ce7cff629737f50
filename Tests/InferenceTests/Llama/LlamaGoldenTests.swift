import Models
import Testing
import Tokenizers

@testable import Inference

@Suite struct LlamaGoldenTests {
  @Test(arguments: 0..<4)
  func f32GivesTheTextOfEveryCase(index: Int) throws {
    try check(kind: "f32", index)
  }

  @Test func q8GivesTheTextOfTheFirstCase() throws {
    try check(kind: "q8_0", 0)
  }

  private func check(kind: String, _ index: Int) throws {
    guard let cases = try Stories.expected(), let backend = try Stories.backend(kind),
      let vocabulary = try Stories.model(kind)?.vocabulary
    else { return }
    var options = SentencePieceTokenizer.Options()
    options.beginID = vocabulary.beginID
    let tokenizer = try SentencePieceTokenizer(
      pieces: vocabulary.pieces, scores: vocabulary.scores, types: vocabulary.types,
      options: options)
    let expected = cases[index]
    #expect(try tokenizer.encode(expected.prompt) == expected.promptIDs)
    var sequence = Sequence1(expected.promptIDs, blocks: (0..<32).map { Int32($0) })
    try backend.generate(&sequence, count: 96)
    let text = tokenizer.decode(sequence.tokens)
    #expect(text.hasPrefix(expected.prompt + expected.greedyText))
  }
}
