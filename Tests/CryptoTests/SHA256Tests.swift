import Crypto
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples, and the message of no bytes.
  @Test(arguments: [
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashesAsTheStandardSays(message: String, digest: String) {
    #expect(SHA256.digest(of: message).hex == digest)
    #expect(SHA256.digest(of: Array(message.utf8)).hex == digest)
  }

  /// RFC 4231, test cases 2, 3 and 6.
  @Test(arguments: [
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func signsAsTheStandardSays(key: [UInt8], message: [UInt8], digest: String) {
    #expect(SHA256.hmac(message, key: key).hex == digest)
  }

  @Test func signsWithAnEmptyKeyAndNoMessage() {
    // HMAC with a key of zeros is that of the empty key, as both are padded with zeros.
    #expect(SHA256.hmac([], key: []) == SHA256.hmac([], key: [0, 0, 0]))
    #expect(
      SHA256.hmac([], key: []).hex
        == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test func digestsAreComparedInAllTheirBytes() throws {
    let digest = SHA256.digest(of: "abc")
    for place in 0..<32 {
      var bytes = digest.bytes
      #expect(try #require(Digest256(bytes)) == digest)
      bytes[place] ^= 1
      #expect(try #require(Digest256(bytes)) != digest)
    }
    #expect(Digest256([1, 2, 3]) == nil)
  }
}
