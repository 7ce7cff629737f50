import Bytes
import Testing

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
    #expect(
      String(decoding: Base64.encode(Array(plain.utf8), padded: true), as: UTF8.self) == padded)
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
