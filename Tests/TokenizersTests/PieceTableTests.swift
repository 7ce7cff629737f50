import Bytes
import Testing

@testable import Tokenizers

struct PieceTableTests {
  @Test func findsWhatIsThereAndNothingElse() throws {
    let words = (0..<5_000).map { "w\($0)" }
    let table = try PieceTable(PackedStrings(words)) { $0 % 2 == 0 }
    for (id, word) in words.enumerated() {
      #expect(table.id(word) == (id % 2 == 0 ? Int32(id) : nil))
    }
    #expect(table.id("") == nil && table.id("w") == nil && table.id("w50000") == nil)
  }

  @Test func aPrefixIsOnePass() throws {
    let table = try PieceTable(PackedStrings(["a", "##bc", "##b"])) { _ in true }
    var hash = table.start
    for byte in "##b".utf8 { hash.add(byte) }
    #expect(table.id(hash, prefix: Array("##".utf8), Array("b".utf8).span) == 2)
    hash.add(UInt8(ascii: "c"))
    #expect(table.id(hash, prefix: Array("##".utf8), Array("bc".utf8).span) == 1)
  }

  /// Words that FNV-1a, a hash without a secret, puts into a 64th of a table: it took 10^8 looks
  /// to load them. Here nobody knows the table before it is there.
  @Test func craftedWordsScatterLikeAnyOther() throws {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEF".utf8)
    var words = PackedStrings()
    var number: UInt64 = 0
    while words.count < 16_384 {
      number += 1
      let word = (0..<7).map { alphabet[Int(number >> (5 * $0)) & 31] }
      let hash = word.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      guard (hash ^ hash >> 29) & 0x7fff < 512 else { continue }
      words.append(utf8: String(decoding: word, as: UTF8.self))
    }
    let table = try PieceTable(words) { _ in true }
    #expect(table.reach < 128)
    #expect((0..<words.count).allSatisfy { table.id(words.string($0)) == Int32($0) })
  }
}
