import Crypto
import TestSupport
import Testing
import Time

@testable import Accounts

@Suite struct KeyTokenTests {
  private let id = KeyID("Ab3xZ09k")

  private func isWellFormed(_ token: [UInt8]) -> Bool { KeyToken.isWellFormed(token.span) }

  @Test func anIDIsItsText() throws {
    #expect(try #require(id).description == "Ab3xZ09k")
    #expect(KeyID("anonymous") == .anonymous)
    #expect("\(KeyID.anonymous)" == "anonymous")
    for text in ["", "short", "muchtoolong", "Ab3xZ0_k", "Ab3xZ0-k", "Äb3xZ0k"] {
      #expect(KeyID(text) == nil)
    }
    let ids = ["AAAAAAAB", "BAAAAAAA", "0zzzzzzz", "zzzzzzzz"]
    #expect(ids.compactMap { KeyID($0) }.sorted().map(\.description) == ids.sorted())
  }

  @Test func aTokenHasTheShapeItIsSaidToHave() throws {
    let token = try KeyToken.make(for: #require(id)).token
    #expect(token.utf8.count == 63)
    #expect(token.hasPrefix("apus_Ab3xZ09k_"))
    #expect(token.dropFirst(14).utf8.allSatisfy(Base62.contains))
    #expect(isWellFormed(Array(token.utf8)))
    let found = KeyToken.outline(token.utf8.span)
    let outline = try #require(found)
    #expect(outline.id == id)
    #expect(outline.digest == SHA256.digest(of: String(token.dropFirst(14))))
  }

  /// The checksum is part of a format that scanners rely on: it may not change.
  @Test func theChecksumIsCRC32InBase62() throws {
    let token = KeyToken.text(try #require(id), secret: String(repeating: "s", count: 43))
    // zlib.crc32 of all before it, by Python.
    #expect(token == "apus_Ab3xZ09k_" + String(repeating: "s", count: 43) + "4Vc2tS")
  }

  @Test func everyTypingErrorIsSeen() throws {
    let token = Array(try KeyToken.make(for: #require(id)).token.utf8)
    for place in token.indices {
      for other in ["0", "Z", "_", "-", "\u{0}"].compactMap(\.utf8.first)
      where other != token[place] {
        var changed = token
        changed[place] = other
        #expect(!isWellFormed(changed), "\(place)")
      }
      if place > 0, token[place] != token[place - 1] {
        var swapped = token
        swapped.swapAt(place, place - 1)
        #expect(!isWellFormed(swapped), "\(place)")
      }
      #expect(!isWellFormed(Array(token[..<place])))
    }
    #expect(!isWellFormed(token + [65]))
  }

  /// Whatever a client sends, it is refused and nothing worse.
  @Test func anyBytesAreRefused() throws {
    let directory = KeyDirectory()
    var random = SeededGenerator(seed: 7)
    let token = Array(try KeyToken.make(for: #require(id)).token.utf8)
    for _ in 0..<2000 {
      let bytes = Mutation.mutate(token, &random)
      #expect(throws: KeyRefusal.self) {
        try directory.authenticate(bytes.span, at: .now())
      }
    }
  }
}

@Suite struct CredentialTests {
  @Test(arguments: [
    ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   abc", "abc"), ("Bearer a b", "a b"),
  ])
  func aBearerTokenIsTaken(header: String, token: String) {
    #expect(Credential.token(authorization: header, apiKey: nil) == token)
    #expect(Credential.token(authorization: header, apiKey: "other") == token)
  }

  @Test(arguments: [
    "", "Bearer", "Bearer ", "Bearer   ", "Basic abc", "abc", "Bearerabc", "\u{2}earer abc",
  ])
  func otherAuthorizationsDoNotCount(header: String) {
    #expect(Credential.token(authorization: header, apiKey: nil) == nil)
    #expect(Credential.token(authorization: header, apiKey: "key") == "key")
  }

  @Test func noHeaderIsNoKey() {
    #expect(Credential.token(authorization: nil, apiKey: nil) == nil)
    #expect(Credential.token(authorization: nil, apiKey: "") == nil)
  }
}
