import Bytes
import Testing

@Suite struct Base64Tests {
  private func encode(
    _ bytes: [UInt8], _ alphabet: Base64.Alphabet = .standard, padded: Bool = false
  ) -> String {
    String(decoding: Base64.encode(bytes, alphabet, padded: padded), as: UTF8.self)
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func followsTheStandard(bytes: String, text: String) {
    let bytes = Array(bytes.utf8)
    let unpadded = text.prefix { $0 != "=" }
    for alphabet in [Base64.Alphabet.standard, .urlSafe] {
      #expect(encode(bytes, alphabet) == unpadded)
      #expect(encode(bytes, alphabet, padded: true) == text)
      #expect(Base64.decode(text, alphabet) == bytes)
      #expect(Base64.decode(unpadded, alphabet) == bytes)
    }
  }

  @Test func theAlphabetsDifferInTwoCharacters() {
    let bytes: [UInt8] = [0xfb, 0xff, 0xfe]
    #expect(encode(bytes) == "+//+")
    #expect(encode(bytes, .urlSafe) == "-__-")
    #expect(Base64.decode("-__-") == nil)
    #expect(Base64.decode("+//+", .urlSafe) == nil)
    #expect(Base64.decode("-__-", .urlSafe) == bytes)
  }

  @Test(arguments: [
    "A", "AAAAA", "Zg=", "Zg===", "Z g=", "Zg==Zg==", "=", "====", "Zm9v=", "Zm9v====", "=Zg=",
    "Zm9-",
    // Bits are left over: an encoder writes Zg==, Zm8= and Zg.
    "Zh==", "Zm9=", "Zh",
  ])
  func refusesWhatNoEncoderWrites(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test(arguments: [
    ("Zm9v\nYmFy\n", "foobar"), ("Zm9v\r\nYmE=\r\n", "fooba"), (" Zm9v\t", "foo"),
    ("Zm\n9v", "foo"), ("Zm9v", "foo"), ("", ""), ("\n", ""), ("Zg==\n=", nil),
    ("Zm9v\u{b}", nil), ("Zh\n==", nil),
  ])
  func inLinesIsReadToo(text: String, expected: String?) {
    var text = text
    let bytes = text.withUTF8 { Base64.decode(inLines: UnsafeRawBufferPointer($0)) }
    #expect(bytes == expected.map { Array($0.utf8) })
  }

  /// Also where the first line is longer than anybody looks ahead.
  @Test func linesOfAnyLength() {
    let bytes = (0..<3_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let text = encode(bytes, padded: true)
    for length in [4, 76, 1_000, 3_999] {
      var lines = text
      lines.insert("\n", at: lines.index(lines.startIndex, offsetBy: length))
      let read = lines.withUTF8 { Base64.decode(inLines: UnsafeRawBufferPointer($0)) }
      #expect(read == bytes)
      #expect(Base64.decode(lines) == nil)
    }
  }

  @Test func everyByteComesBack() {
    let bytes = (0...255).map { UInt8($0) }
    for count in 0...256 {
      let part = Array(bytes.suffix(count))
      #expect(Base64.decode(encode(part)) == part)
      #expect(Base64.decode(encode(part, .urlSafe, padded: true), .urlSafe) == part)
    }
  }
}
