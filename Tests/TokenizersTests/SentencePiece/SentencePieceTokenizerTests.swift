import Bytes
import TestSupport
import Testing
import Tokenizers

struct SentencePieceTokenizerTests {
  /// Ids 0 to 2 are special, 3 to 258 the bytes, then pieces with their scores.
  static func make(
    _ pieces: [(String, Float, Int32)],
    _ change: (inout SentencePieceTokenizer.Options) -> Void =
      { _ in }
  ) throws -> SentencePieceTokenizer {
    let bytes = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }
    var options = SentencePieceTokenizer.Options()
    (options.unknownID, options.beginID, options.endID) = (0, 1, 2)
    change(&options)
    return try SentencePieceTokenizer(
      pieces: PackedStrings(["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.0)),
      scores: [Float](repeating: 0, count: 259) + pieces.map(\.1),
      types: [2, 3, 3] + [Int32](repeating: 6, count: 256) + pieces.map(\.2), options: options)
  }

  static let letters: [(String, Float, Int32)] = [
    ("\u{2581}", -10, 1), ("a", -11, 1), ("b", -12, 1), ("c", -13, 1),  // 259 to 262
    ("ab", -1, 1), ("bc", -2, 1), ("abc", -5, 1), ("\u{2581}a", -3, 1),  // 263 to 266
    ("\u{2581}\u{2581}", -4, 1),  // 267
  ]

  private static let bytesOfEnd: [Int32] = "</s>".utf8.map { 3 + Int32($0) }
  private static let bytesOfByte: [Int32] = "<0x41>".utf8.map { 3 + Int32($0) }
  private static let examples: [(String, [Int32])] = [
    ("", [1]),
    ("a", [1, 266]),
    // "ab" goes before "▁a" and "bc"; "abc" then joins.
    ("abc", [1, 259, 265]),
    ("bca", [1, 259, 264, 260]),
    ("  a", [1, 267, 266]),
    ("aa", [1, 266, 260]),
    ("a\u{e9}", [1, 266, 198, 172]),
    // The text of a control token or a byte is text.
    ("</s>", [1, 259] + bytesOfEnd),
    ("<0x41>", [1, 259] + bytesOfByte),
  ]

  @Test(arguments: examples)
  func mergesByScore(text: String, ids: [Int32]) throws {
    #expect(try Self.make(Self.letters).encode(text) == ids)
    #expect(try Self.make(Self.letters).fewestTokens(of: text) <= ids.count)
  }

  /// The longest piece, "\u{2581}\u{2581}", has six bytes.
  @Test func aLongTextHasManyTokensForCertain() throws {
    let text = String(repeating: "a ", count: 600)
    #expect(try Self.make(Self.letters).fewestTokens(of: text) == 200)
    let spaces = String(repeating: " ", count: 600)
    #expect(try Self.make(Self.letters).encode(spaces).count >= 200)
    // Where spaces are dropped, or unknown characters in a row are one token, nothing is certain.
    let trimming = try Self.make(Self.letters) { $0.removesExtraWhitespace = true }
    #expect(trimming.fewestTokens(of: spaces) == 0)
    #expect(try trimming.encode(spaces) == [1])
  }

  @Test func ofEqualScoresTheLeftmostGoesFirst() throws {
    let pieces: [(String, Float, Int32)] = [("a", -9, 1), ("aa", -1, 1), ("aaa", -1, 1)]
    let tokenizer = try Self.make(pieces) { $0.addsSpacePrefix = false }
    #expect(try tokenizer.encode("aaa") == [1, 261])
    #expect(try tokenizer.encode("aaaa") == [1, 261, 259])
    #expect(try tokenizer.encode("aaaaa") == [1, 261, 260])
  }

  @Test func followsItsOptions() throws {
    let tokenizer = try Self.make(Self.letters) {
      $0.addsBegin = false
      $0.addsEnd = true
      $0.addsSpacePrefix = false
    }
    #expect(try tokenizer.encode("a") == [260, 2])
    let trimming = try Self.make(Self.letters) { $0.removesExtraWhitespace = true }
    #expect(try trimming.encode("  a   bc ") == [1, 266, 259, 264])
    #expect(try trimming.encode("   ") == [1])
  }

  @Test func userDefinedPiecesComeFirstAndStayWhole() throws {
    let tokenizer = try Self.make(Self.letters + [("bca", 0, 4), ("bcab", 0, 4)])
    #expect(try tokenizer.encode("abca") == [1, 266, 268])
    #expect(try tokenizer.encode("abcab") == [1, 266, 269])
  }

  /// Whatever is matched where: the longest of all pieces that begin there, from left to right.
  @Test func theLongestUserDefinedPieceIsFoundEverywhere() throws {
    let pieces = ["a", "ab", "abc", "bcd", "c", "cab", "dd", "abcabd", "\u{e9}", "b\u{e9}a"]
    let tokenizer = try Self.make(pieces.map { ($0, 0, 4) }) { $0.addsSpacePrefix = false }
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<2_000 {
      let text = String(
        (0..<Int.random(in: 0..<24, using: &generator)).compactMap { _ in
          "aabbccd\u{e9}".randomElement(using: &generator)
        })
      var (ids, rest): ([Int32], Substring) = ([1], text[...])
      while !rest.isEmpty {
        let found = pieces.indices.filter { rest.hasPrefix(pieces[$0]) }
          .max { pieces[$0].utf8.count < pieces[$1].utf8.count }
        ids += found.map { [259 + Int32($0)] } ?? rest.prefix(1).utf8.map { 3 + Int32($0) }
        rest = rest.dropFirst(found.map { pieces[$0].count } ?? 1)
      }
      #expect(try tokenizer.encode(text) == ids, "\(text)")
    }
  }

  /// Pieces of a thousand lengths, of which none is in the text until its end: to try them one by
  /// one would be 10^11 bytes.
  @Test(arguments: ["b", "x"]) func manyUserDefinedPiecesCostNoMoreThanOne(letter: String) throws {
    let pieces = (2...1_000).map { (String(repeating: "b", count: $0) + "c", Float(0), Int32(4)) }
    let tokenizer = try Self.make(pieces) { $0.addsSpacePrefix = false }
    let text = String(repeating: letter, count: 200_000)
    #expect(try tokenizer.encode(text).count == 200_001)
    let ids = try tokenizer.encode(text + "bbc")
    let last: Int32 = letter == "b" ? 259 + 998 : 259
    #expect(ids.last == last)
  }

  @Test func encodingEndsWhenNobodyWaits() throws {
    let tokenizer = try Self.make(Self.letters)
    let text = String(repeating: "abc ", count: 10_000)
    var asked = 0
    let error = #expect(throws: TokenizerError.self) {
      try tokenizer.encode(text) {
        asked += 1
        return asked < 5
      }
    }
    #expect(error?.code == .cancelled && asked == 5)
    let segments = [PromptSegment(text, holdsMarkers: true)]
    #expect(throws: TokenizerError.self) { try tokenizer.encode(segments) { false } }
  }

  @Test func piecesAreBounded() throws {
    func reason(_ count: Int, _ length: Int, _ type: Int32) -> String? {
      do {
        let pieces = (0..<count).map { number -> (String, Float, Int32) in
          let name = "\(number)"
          return (name + String(repeating: "b", count: length - name.utf8.count), 0, type)
        }
        _ = try Self.make(pieces)
        return nil
      } catch { return "\(error)" }
    }
    #expect(reason(1, 1_024, 1) == nil)
    #expect(reason(1, 1_025, 1) == "piece 259 has 1025 bytes; at most 1024 are allowed")
    #expect(reason(1_023, 1_024, 4) == nil)
    #expect(reason(2_000, 1_024, 1) == nil)
    #expect(
      reason(1_024, 1_024, 4)?.hasSuffix("bytes together; at most 1048576 are allowed") == true)
  }

  @Test func unusedPiecesFallApart() throws {
    let tokenizer = try Self.make(Self.letters.map { $0.0 == "abc" ? ($0.0, $0.1, 5) : $0 })
    #expect(try tokenizer.encode("abc") == [1, 259, 263, 262])
  }

  @Test func unknownCharactersWithoutBytesAreOneUnknownPiece() throws {
    var options = SentencePieceTokenizer.Options()
    (options.unknownID, options.beginID) = (0, 1)
    let tokenizer = try SentencePieceTokenizer(
      pieces: PackedStrings(["<unk>", "<s>", "\u{2581}", "a"]), scores: [0, 0, -1, -2],
      types: [2, 3, 1, 1], options: options)
    #expect(try tokenizer.encode("axyza") == [1, 2, 3, 0, 3])
    #expect(tokenizer.decode([1, 2, 3, 0, 3]) == "a \u{2047} a")
  }

  @Test func boundsTexts() throws {
    let tokenizer = try Self.make(Self.letters) { $0.maximumBytes = 4 }
    #expect(try tokenizer.encode("aaaa").count == 5)
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("aaaaa") }
    #expect(error?.reason == "the text has 5 bytes; at most 4 are allowed")
  }

  @Test func namesWhatIsWrongWithAVocabulary() {
    func reason(
      _ pieces: [String], _ scores: [Float], _ types: [Int32], unknown: Int32? = 0
    ) -> String {
      var options = SentencePieceTokenizer.Options()
      options.addsBegin = false
      options.unknownID = unknown
      let error = #expect(throws: TokenizerError.self) {
        try SentencePieceTokenizer(
          pieces: PackedStrings(pieces), scores: scores, types: types, options: options)
      }
      return error?.reason ?? ""
    }
    #expect(reason(["a"], [], [1]) == "1 pieces have 0 scores and 1 types")
    #expect(reason(["a"], [0], [9]) == "piece 0 has the type 9; 1 to 6 are allowed")
    #expect(reason(["a", "a"], [0, 0], [1, 1]).contains("has two ids, 0 and 1"))
    #expect(reason(["<0x1>"], [0], [6]).contains("<0x00> to <0xFF> are allowed"))
    #expect(reason(["a"], [0], [1], unknown: 5).contains("outside the 1 pieces"))
    #expect(reason(["a"], [0], [1], unknown: nil).contains("neither an unknown piece nor"))
  }

  /// Whatever the text, decoding gives it back: bytes stand in for all that has no piece.
  @Test func decodingUndoesEncoding() throws {
    let tokenizer = try Self.make(Self.letters)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let scalars = (0..<Int.random(in: 0..<24, using: &generator)).compactMap { _ in
        Bool.random(using: &generator)
          ? " abc".unicodeScalars.randomElement(using: &generator)
          : Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &generator))
      }
      // U+2581 is how pieces write a space, so it comes back as one.
      let text = String(String.UnicodeScalarView(scalars.filter { $0.value != 0x2581 }))
      let ids = try tokenizer.encode(text)
      #expect(tokenizer.decode(ids).utf8.elementsEqual(text.utf8))
    }
  }

  /// The time of hostile texts grows with their length, not with its square: each is 64 KiB.
  @Test(arguments: ["a", "ab", "abc ", " ", "\u{e9}", "\u{1f600}"])
  func longRunsEnd(unit: String) throws {
    let text = String(repeating: unit, count: (1 << 16) / unit.utf8.count)
    let tokenizer = try Self.make(Self.letters)
    #expect(tokenizer.decode(try tokenizer.encode(text)) == text)
  }
}
