import Testing

@testable import Web

@Suite struct WebURLTests {
  @Test func partsAreInTheirNormalForm() throws {
    let url = try WebURL("HTTPS://Hooks.Example.COM./a/../b?q=1#fragment")
    #expect(url.isEncrypted)
    #expect(url.host == "hooks.example.com")
    #expect(url.port == 443)
    #expect(url.text.hasSuffix("/b?q=1"))
    #expect(url.place == "hooks.example.com:443")
    let v6 = try WebURL("http://[::1]:8080/x")
    #expect(v6.host == "::1" && v6.port == 8080 && !v6.isEncrypted)
    #expect(v6.place == "[::1]:8080")
    #expect(v6.address == IPAddress("::1"))
  }

  @Test(arguments: ["http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"])
  func allSpellingsOfLoopbackAreLoopback(_ text: String) throws {
    #expect(AddressGuard().refusal(of: try WebURL(text)) == .loopback)
  }

  @Test(arguments: [
    "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "http://",
    "http://user:secret@example.com/", "http://user@example.com/",
    "http://exa mple.com/", "http://example.com/\r\nHost: evil", "http://example.com:99999/",
    "http://[fe80::1%25eth0/", "gopher://127.0.0.1:6379/_x", "http://é.example/", "http://./",
  ])
  func othersAreRefused(_ text: String) {
    #expect { try WebURL(text) } throws: { error in
      (error as? WebError)?.kind == .invalidRequest
    }
  }

  @Test func theLengthIsBounded() throws {
    let start = "http://example.com/"
    let longest = start + String(repeating: "a", count: WebURL.limit - start.utf8.count)
    _ = try WebURL(longest)
    #expect(throws: WebError.self) { try WebURL(longest + "a") }
  }
}
