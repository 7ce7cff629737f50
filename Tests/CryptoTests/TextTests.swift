import Crypto
import Testing

@Suite struct Base64Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func followsTheStandard(bytes: String, text: String) {
    let bytes = Array(bytes.utf8)
    let unpadded = String(text.prefix { $0 != "=" })
    #expect(Base64.encode(bytes) == text)
    #expect(Base64.decode(text) == bytes)
    #expect(Base64.decode(unpadded) == bytes)
    #expect(Base64.encode(bytes, .urlSafe) == unpadded)
    #expect(Base64.decode(unpadded, .urlSafe) == bytes)
  }

  @Test func theAlphabetsDifferInTwoCharacters() {
    let bytes: [UInt8] = [0xfb, 0xff, 0xfe]
    #expect(Base64.encode(bytes) == "+//+")
    #expect(Base64.encode(bytes, .urlSafe) == "-__-")
    #expect(Base64.decode("-__-") == nil)
    #expect(Base64.decode("+//+", .urlSafe) == nil)
    #expect(Base64.decode("-__-", .urlSafe) == bytes)
  }

  @Test(arguments: ["A", "AAAAA", "Zg=", "Zg===", "Z g=", "Zg==Zg==", "Zh==", "=", "====", "Zm9v="])
  func refusesWhatNoEncoderWrites(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func everyByteComesBack() {
    for count in 0..<64 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(Base64.decode(Base64.encode(bytes, .urlSafe), .urlSafe) == bytes)
    }
  }
}

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
