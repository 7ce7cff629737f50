import EventLoop
import Testing

@Suite struct SocketAddressTests {
  @Test(arguments: [
    ("127.0.0.1:8001", "127.0.0.1:8001"), ("[::1]:8001", "[::1]:8001"), (":80", "0.0.0.0:80"),
    ("[::]:0", "[::]:0"), ("unix:/run/apus.sock", "unix:/run/apus.sock"),
  ])
  func readsWhatItWrites(text: String, description: String) throws {
    #expect(try SocketAddress(text).description == description)
  }

  @Test func knowsItsPort() throws {
    #expect(try SocketAddress("127.0.0.1:8001").port == 8001)
    #expect(try SocketAddress("[::1]:65535").port == 65_535)
    #expect(try SocketAddress("unix:x").port == 0 && SocketAddress("unix:x").isUnix)
  }

  @Test(arguments: [
    ("", "port is missing"), ("127.0.0.1", "port is missing"), ("127.0.0.1:", "port is missing"),
    ("127.0.0.1:65536", "port 65536: a port is 0–65535"), ("host:99999", "port 99999: a port is"),
    ("127.0.0.1:-1", "port -1: a port is"), ("127.0.0.1:+1", "port +1: a port is"),
    ("127.0.0.1:http", "port http: a port is"), ("::1:8001", "brackets"), ("unix:", "107 bytes"),
    ("unix:" + String(repeating: "x", count: 108), "107 bytes"),
    ("no such host!:1", "not known"),
  ])
  func saysWhatIsWrong(text: String, reason: String) {
    let error = #expect(throws: AddressError.self) { try SocketAddress(text) }
    #expect(error?.reason.contains(reason) == true)
    #expect(error?.description.contains("127.0.0.1:8001") == true)
  }
}
