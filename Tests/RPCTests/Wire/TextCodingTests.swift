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
