import Crypto
import Testing

@Suite struct SecureRandomTests {
  @Test func givesAsManyBytesAsAsked() throws {
    #expect(try SecureRandom.bytes(0).isEmpty)
    #expect(try SecureRandom.bytes(33).count == 33)
    #expect(try SecureRandom.bytes(32) != SecureRandom.bytes(32))
  }

  @Test func givesEveryCharacterAboutEquallyOften() throws {
    let drawn = 62 * 1000
    var counts: [Character: Int] = [:]
    for character in try SecureRandom.base62(drawn) { counts[character, default: 0] += 1 }
    #expect(counts.count == 62)
    #expect(counts.keys.allSatisfy { $0.utf8.allSatisfy(Base62.contains) })
    // Chi squared with 61 degrees of freedom exceeds 170 once in 10^12 runs.
    let chi = counts.values.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    #expect(chi < 170)
  }
}
