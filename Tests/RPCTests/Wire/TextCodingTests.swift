import Testing

@testable import RPC

@Suite struct PercentEncodingTests {
  static func decode(_ text: String) -> String {
    Array(text.utf8).withUnsafeBytes { PercentEncoding.decode($0) }
  }

  @Test(arguments: [
    ("plain text", "plain text"), ("100%", "100%25"), ("a\nb\t", "a%0Ab%09"),
    ("\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n",
      "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A"),
    ("\u{7F}~", "%7F~"), ("", ""),
  ])
  func encodesAndDecodes(text: String, encoded: String) {
    let bytes = PercentEncoding.encode(text, limit: 4096)
    #expect(String(decoding: bytes, as: UTF8.self) == encoded)
    #expect(Self.decode(encoded) == text)
  }

  @Test func cutsBetweenCharacters() {
    let bytes = PercentEncoding.encode(String(repeating: "☺", count: 100), limit: 30)
    #expect(String(decoding: bytes, as: UTF8.self) == "%E2%98%BA%E2%98%BA%E2%98%BA")
  }

  @Test(arguments: ["%", "%4", "%zz", "50%", "a%2"])
  func keepsBrokenEscapes(text: String) {
    #expect(Self.decode(text) == text)
  }
}

@Suite struct Base64Tests {
  static func decode(_ text: String) -> [UInt8]? {
    Array(text.utf8).withUnsafeBytes { Base64.decode($0) }
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
    ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
  ])
  func matchesRFC4648(plain: String, text: String) {
    #expect(String(decoding: Base64.encode(Array(plain.utf8)), as: UTF8.self) == text)
    #expect(Self.decode(text) == Array(plain.utf8))
    let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
    #expect(Self.decode(padded) == Array(plain.utf8))
  }

  @Test func carriesEveryByte() {
    let bytes = (0...255).map { UInt8($0) }
    for count in 0...256 {
      let text = String(decoding: Base64.encode(Array(bytes.prefix(count))), as: UTF8.self)
      #expect(Self.decode(text) == Array(bytes.prefix(count)))
    }
  }

  @Test(arguments: ["Z", "Zm9vY", "Zg=", "Z===", "Zm9v====", "Zm 9v", "Zm9-", "=Zg=", "Zg==Zg=="])
  func refusesWhatIsNone(text: String) {
    #expect(Self.decode(text) == nil)
  }
}
