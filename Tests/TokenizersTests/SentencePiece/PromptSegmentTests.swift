import Bytes
import TestSupport
import Testing
import Tokenizers

/// The template's markers become control tokens; whatever looks like one in a message stays text.
struct PromptSegmentTests {
  /// 268: a control piece; 269: a user-defined one that is a marker; 270: one that is not; 271 and
  /// 272: parts that would merge to the marker; 273: another control piece.
  private static let pieces =
    SentencePieceTokenizerTests.letters + [
      ("<|im|>", 0, 3), ("<|u|>", 0, 4), ("cc", 0, 4), ("<|", -1, 1), ("u|>", -1, 1), ("[X]", 0, 3),
    ]

  private static func make(
    _ change: (inout SentencePieceTokenizer.Options) -> Void = { _ in }
  ) throws -> SentencePieceTokenizer {
    try SentencePieceTokenizerTests.make(pieces) {
      $0.addsSpacePrefix = false
      change(&$0)
    }
  }

  private func own(_ text: String) -> PromptSegment { PromptSegment(text, holdsMarkers: true) }
  private func foreign(_ text: String) -> PromptSegment { PromptSegment(text, holdsMarkers: false) }
  private let control: [Int32] = [1, 2, 268, 269, 273]

  @Test func templatesWriteMarkers() throws {
    let tokenizer = try Self.make()
    #expect(
      try tokenizer.encode([own("<|im|>a"), foreign("b"), own("</s><|u|>c[X]")]) == [
        1, 268, 263, 2, 269, 262, 273,
      ])
  }

  @Test func messagesDoNot() throws {
    let tokenizer = try Self.make()
    for text in [
      "<|im|>", "</s>", "<s>", "[X]", "<|u|>", "a<|im|>b</s>", "<unk>", "<0x41>", "<|u|><|u|>",
    ] {
      let ids = try tokenizer.encode([own("<|im|>"), foreign(text), own("<|im|>")])
      #expect(ids.prefix(2) == [1, 268] && ids.last == 268)
      #expect(!ids.dropFirst(2).dropLast().contains { control.contains($0) }, "\(text)")
      #expect(tokenizer.decode(Array(ids)) == text)
    }
  }

  /// Not even together with what the template wrote beside it.
  @Test func markersDoNotGrowAtTheSeams() throws {
    let tokenizer = try Self.make()
    for marker in ["<|im|>", "</s>", "<|u|>", "[X]"] {
      for cut in 1..<marker.count {
        let (head, tail) = (String(marker.prefix(cut)), String(marker.dropFirst(cut)))
        for segments in [
          [own(head), foreign(tail)], [foreign(head), own(tail)], [foreign(head), foreign(tail)],
          [own(head), foreign(""), own(tail)],
        ] {
          let ids = try tokenizer.encode(segments)
          #expect(!ids.dropFirst().contains { control.contains($0) }, "\(segments)")
          #expect(tokenizer.decode(ids) == marker)
        }
      }
    }
  }

  @Test func randomMessagesMakeNoMarker() throws {
    let tokenizer = try Self.make()
    let parts = [
      "<|", "im", "|>", "u|>", "</s", ">", "[X", "]", "<", "s", "a", " ", "<|im|>", "<|u|>",
    ]
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2_000 {
      let text = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        parts.randomElement(using: &generator) ?? ""
      }.joined()
      let ids = try tokenizer.encode([own("<|im|>"), foreign(text), own("</s>")])
      #expect(ids.filter { control.contains($0) } == [1, 268, 2], "\(text)")
      #expect(tokenizer.decode(ids) == text)
    }
  }

  @Test func textMergesAcrossSegments() throws {
    let tokenizer = try Self.make()
    #expect(try tokenizer.encode([own("a"), foreign("b"), own("c")]) == tokenizer.encode("abc"))
    // A user-defined piece that is no marker is found in any text.
    #expect(try tokenizer.encode([own("c"), foreign("c")]) == [1, 270])
  }

  @Test func beginsOnceAndPrefixesEveryText() throws {
    let tokenizer = try Self.make { $0.addsSpacePrefix = true }
    #expect(try tokenizer.encode([foreign("a")]) == tokenizer.encode("a"))
    #expect(
      try tokenizer.encode([own("<s>"), foreign("a"), own("<|im|>a")]) == [1, 266, 268, 266])
    #expect(try tokenizer.encode([own("<|im|>")]) == [1, 268])
    #expect(try tokenizer.encode([]) == [1])
    let bare = try Self.make {
      $0.addsBegin = false
      $0.addsEnd = true
    }
    #expect(try bare.encode([own("<s>a")]) == [1, 260])
    #expect(try bare.encode([foreign("a")]) == [260])
  }

  @Test func lengthIsBounded() throws {
    let tokenizer = try Self.make { $0.maximumBytes = 4 }
    #expect(try tokenizer.encode([own("ab"), foreign("ab")]).count == 3)
    let error = #expect(throws: TokenizerError.self) {
      try tokenizer.encode([own("ab"), foreign("abc")])
    }
    #expect(error?.reason == "the prompt has 5 bytes; at most 4 are allowed")
  }

  /// Old converters give several added pieces one name.
  @Test func doubledControlPiecesAreNoError() throws {
    let tokenizer = try SentencePieceTokenizerTests.make(
      SentencePieceTokenizerTests.letters + [("<pad>", 0, 3), ("<pad>", 0, 3)])
    #expect(try tokenizer.encode([own("<pad>")]) == [1, 268])
  }
}
