import Bytes
import JSON
import TestSupport
import Testing

@testable import Tokenizers

struct WordPieceTokenizerTests {
  static let pieces = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "able", ",", "!", "[", "]",
    "sep", "\u{6771}", "cafe", "a", "##b", "##\u{e9}",
  ]

  private func make(_ change: (inout WordPieceTokenizer.Options) -> Void = { _ in }) throws
    -> WordPieceTokenizer
  {
    var options = WordPieceTokenizer.Options()
    change(&options)
    return try WordPieceTokenizer(pieces: PackedStrings(Self.pieces), options: options)
  }

  @Test(arguments: [
    ("", [2, 3]),
    ("   \t\n ", [2, 3]),
    ("unaffable", [2, 4, 5, 6, 3]),
    ("UNAFFABLE!", [2, 4, 5, 6, 10, 3]),
    // The longest piece from the left wins; what then has no piece makes the word unknown.
    ("unaffablex", [2, 1, 3]),
    ("un aff able", [2, 4, 1, 8, 3]),
    ("un,able", [2, 4, 9, 8, 3]),
    ("Café cafe\u{301}", [2, 15, 15, 3]),
    ("a\u{6771}a", [2, 16, 14, 16, 3]),
    ("a\u{0}\u{fffd}\u{200d}b", [2, 16, 17, 3]),
    ("a\u{a0}a\u{2003}a", [2, 16, 16, 16, 3]),
    // The text of a control token is text.
    ("[SEP]", [2, 11, 13, 12, 3]),
    ("[PAD]", [2, 11, 1, 12, 3]),
  ])
  func cutsTextIntoPieces(text: String, ids: [Int32]) throws {
    #expect(try make().encode(text) == ids)
  }

  @Test func keepsCaseAndAccentsWhereTold() throws {
    let tokenizer = try make {
      $0.normalization.lowercases = false
      $0.normalization.stripsAccents = false
    }
    #expect(try tokenizer.encode("A a\u{e9}") == [2, 1, 16, 18, 3])
    let joined = try make { $0.normalization.separatesIdeographs = false }
    #expect(try joined.encode("a\u{6771}") == [2, 1, 3])
  }

  @Test func cutsAtTheMostTokens() throws {
    let tokenizer = try make { $0.maximumTokens = 5 }
    #expect(try tokenizer.encode("a a a") == [2, 16, 16, 16, 3])
    #expect(try tokenizer.encode("a a a a a a") == [2, 16, 16, 16, 3])
    // A word is cut inside.
    #expect(try tokenizer.encode("a unaffable") == [2, 16, 4, 5, 3])
    #expect(throws: TokenizerError.self) { try make { $0.maximumTokens = 2 } }
  }

  @Test func boundsWordsAndTexts() throws {
    let hundred = String(repeating: "a", count: 100)
    let tokenizer = try make()
    #expect(try tokenizer.encode(hundred).count == 102)
    #expect(try tokenizer.encode(hundred + "a") == [2, 1, 3])
    #expect(try tokenizer.encode(String(repeating: "a", count: 1 << 20)) == [2, 1, 3])
    let error = #expect(throws: TokenizerError.self) {
      try make { $0.maximumBytes = 9 }.encode("ten bytes!")
    }
    #expect(error?.code == .textTooLong)
    #expect(error?.reason == "the text has 10 bytes; at most 9 are allowed")
  }

  @Test func namesWhatIsMissingOrDoubled() throws {
    let missing = #expect(throws: TokenizerError.self) {
      try WordPieceTokenizer(pieces: PackedStrings(["[UNK]", "[CLS]"]), options: .init())
    }
    #expect(missing?.reason == "the vocabulary has no piece \"[SEP]\"")
    let doubled = #expect(throws: TokenizerError.self) {
      try WordPieceTokenizer(pieces: PackedStrings(Self.pieces + ["un"]), options: .init())
    }
    #expect(doubled?.reason == "the piece \"un\" has two ids, 4 and 19")
  }

  @Test func decodesWords() throws {
    #expect(try make().decode([2, 4, 5, 6, 10, 3, 0, -1, 99]) == "unaffable !")
  }

  /// What normalisation makes of every Unicode scalar, against the reference's own answers.
  @Test func normalisesEveryScalarAsTheReference() throws {
    let golden = try TokenGolden.object("bert-characters.json")
    for test in try #require(golden["cases"]?.elements) {
      var normalization = WordPieceTokenizer.Normalization()
      normalization.stripsAccents = try #require(test["strip_accents"]?.boolean as Bool?)
      normalization.lowercases = try #require(test["lowercase"]?.boolean as Bool?)
      let normalizer = CharacterNormalizer(normalization)
      var digest = Digest()
      for value in 0...UInt32(try #require(test["last"]?.integer)) {
        guard Unicode.Scalar(value) != nil else { continue }
        for byte in words(value, normalizer) { digest.add(byte) }
        digest.add(UInt8(0xfe))
      }
      #expect(digest.text == test["digest"]?.string)
    }
  }

  /// The words of "a", the scalar and "b", each closed by 0xFF.
  private func words(_ scalar: UInt32, _ normalizer: CharacterNormalizer) -> [UInt8] {
    var bytes = [UInt8(ascii: "a")]
    func end() { if let last = bytes.last, last != 0xff { bytes.append(0xff) } }
    func add(_ target: UInt32, _ kind: CharacterNormalizer.Kind) {
      if kind == .space { return end() }
      if kind == .punctuation { end() }
      if let scalar = Unicode.Scalar(target) { bytes.append(contentsOf: String(scalar).utf8) }
      if kind == .punctuation { end() }
    }
    let kind = normalizer.kind(scalar)
    switch kind {
    case .removed: break
    case .space, .punctuation, .plain: add(scalar, kind)
    case .ideograph:
      end()
      normalizer.forEachTarget(of: scalar, add)
      end()
    case .other: normalizer.forEachTarget(of: scalar, add)
    }
    bytes.append(UInt8(ascii: "b"))
    end()
    return bytes
  }
}
