import TestSupport
import Testing
import Tokenizers

struct StreamingDecoderTests {
  private func bytes(_ bytes: UInt8...) -> [Int32] { bytes.map { 3 + Int32($0) } }

  @Test func neverHandsOutHalfACharacter() throws {
    let tokenizer = try SentencePieceTokenizerTests.make(SentencePieceTokenizerTests.letters)
    var decoder = StreamingDecoder(tokenizer, continuing: true)
    let parts = bytes(0x41, 0xf0, 0x9f, 0x98, 0x80, 0xc3, 0xa9).map { decoder.append($0) }
    #expect(parts == ["A", "", "", "", "\u{1f600}", "", "\u{e9}"])
    #expect(decoder.finish() == "")
  }

  @Test func brokenBytesBecomeReplacementCharacters() throws {
    let tokenizer = try SentencePieceTokenizerTests.make(SentencePieceTokenizerTests.letters)
    var decoder = StreamingDecoder(tokenizer, continuing: true)
    #expect(decoder.append(3 + 0xff) == "\u{fffd}")
    #expect(decoder.append(3 + 0xe2) == "")
    // An "a" (260) ends what was begun.
    #expect(decoder.append(260) == "\u{fffd}a")
    // No byte can follow 0xED 0xA0 to make a character (a surrogate).
    #expect(decoder.append(3 + 0xed) == "")
    #expect(!decoder.append(3 + 0xa0).isEmpty)
    #expect(decoder.append(3 + 0xf0) == "")
    #expect(decoder.append(3 + 0x9f) == "")
    #expect(decoder.finish() == "\u{fffd}")
    #expect(decoder.finish() == "")
  }

  @Test func theFirstSpaceBelongsToAnAnswerButNotToAText() throws {
    let tokenizer = try SentencePieceTokenizerTests.make(SentencePieceTokenizerTests.letters)
    var answer = StreamingDecoder(tokenizer, continuing: true)
    #expect(answer.append(266) == " a")
    var text = StreamingDecoder(tokenizer, continuing: false)
    // The begin piece says nothing and changes nothing.
    #expect(text.append(1) == "")
    #expect(text.append(266) == "a")
    #expect(text.append(266) == " a")
    #expect(tokenizer.decode([1, 259, 266]) == " a")
    #expect(tokenizer.decode([1, -5, 9_999, 2]) == "")
  }

  /// Put together, the parts are the whole, whatever the ids.
  @Test func partsMakeTheWhole() throws {
    let tokenizer = try SentencePieceTokenizerTests.make(SentencePieceTokenizerTests.letters)
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
        // Mostly lead and continuation bytes, so that broken characters are common.
        UInt8.random(in: Bool.random(using: &generator) ? 0x80...0xff : 0...0xff, using: &generator)
      }
      var decoder = StreamingDecoder(tokenizer, continuing: true)
      let parts = bytes.map { decoder.append(3 + Int32($0)) } + [decoder.finish()]
      #expect(parts.joined() == String(decoding: bytes, as: UTF8.self))
    }
  }
}
