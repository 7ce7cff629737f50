import Bytes
import TestSupport
import Testing
import Time

@testable import TLS

/// Both ends of a connection in memory, and what is on its way between them.
final class Wire {
  let client: TLSSession
  let server: TLSSession
  var toServer = ByteBuffer()
  var toClient = ByteBuffer()
  var atServer = ByteBuffer()
  var atClient = ByteBuffer()

  init(
    _ certificates: TestCertificates, host: String = "localhost", offers: String = "h2",
    trusting: String? = nil, server protocols: String = "h2",
    _ demand: TLSContext.Demand = .required
  ) throws {
    let texts = try CertificateFiles(certificate: certificates.certificate, key: certificates.key)
      .read()
    server = try TLSSession(accepting: TLSContext(texts, protocol: protocols, demand))
    client = try TLSSession(
      connecting: TLSContext(trusting: trusting ?? certificates.certificate, protocol: offers),
      to: host)
    try client.begin(into: &toServer)
  }

  /// Carries what is under way, `portion` bytes at a time, until both are silent.
  func carry(_ portion: Int = .max) throws {
    while !toServer.isEmpty || !toClient.isEmpty {
      try toServer.take(portion) { try server.receive($0, plain: &atServer, replies: &toClient) }
      try toClient.take(portion) { try client.receive($0, plain: &atClient, replies: &toServer) }
    }
  }
}

extension ByteBuffer {
  var array: [UInt8] { withUnsafeBytes { Array($0) } }

  fileprivate mutating func take(
    _ portion: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let bytes = withUnsafeBytes { Array($0.prefix(portion)) }
    consume(bytes.count)
    guard !bytes.isEmpty else { return }
    try bytes.withUnsafeBytes { try body($0) }
  }
}

/// The sizes of the records in `bytes`, without their heads.
private func records(_ bytes: [UInt8]) -> [Int] {
  var sizes: [Int] = []
  var rest = bytes[...]
  while rest.count >= 5 {
    let size = Int(rest[rest.startIndex + 3]) << 8 | Int(rest[rest.startIndex + 4])
    sizes.append(size)
    rest = rest.dropFirst(5 + size)
  }
  return sizes
}

private func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
}

@Suite(.enabled(if: TestCertificates.shared != nil)) struct SessionTests {
  let certificates: TestCertificates

  init() throws { certificates = try #require(TestCertificates.shared) }

  @Test(arguments: [Int.max, 1, 7, 1_000]) func bytesGoBothWays(portion: Int) throws {
    let wire = try Wire(certificates)
    try wire.carry(portion)
    #expect(wire.client.isEstablished && wire.server.isEstablished)
    for size in [1, 16_384, 16_385, 100_000] {
      let bytes = pattern(size)
      try bytes.withUnsafeBytes { try wire.client.send($0, into: &wire.toServer) }
      try bytes.withUnsafeBytes { try wire.server.send($0, into: &wire.toClient) }
      try wire.carry(portion)
      #expect(wire.atServer.array == bytes && wire.atClient.array == bytes)
      wire.atServer.removeAll()
      wire.atClient.removeAll()
    }
    // An end comes behind the bytes, once, and who has heard it may still say something.
    try [UInt8]([1, 2]).withUnsafeBytes { try wire.client.send($0, into: &wire.toServer) }
    wire.client.end(into: &wire.toServer)
    let sent = wire.toServer.count
    wire.client.end(into: &wire.toServer)
    #expect(wire.toServer.count == sent)
    try wire.carry(portion)
    #expect(wire.atServer.array == [1, 2] && wire.server.hasPeerEnded)
    #expect(!wire.client.hasPeerEnded)
    try [UInt8]([3]).withUnsafeBytes { try wire.server.send($0, into: &wire.toClient) }
    #expect(records(wire.toClient.array).count == 1)
  }

  @Test(arguments: [(1, 1), (16_384, 1), (16_385, 2), (262_144, 16)])
  func whatIsGatheredIsInFewRecords(size: Int, count: Int) throws {
    let wire = try Wire(certificates)
    try wire.carry()
    try pattern(size).withUnsafeBytes { try wire.server.send($0, into: &wire.toClient) }
    #expect(records(wire.toClient.array).count == count)
  }

  @Test func anAddressIsANameToo() throws {
    let wire = try Wire(certificates, host: "127.0.0.1")
    try wire.carry()
    #expect(wire.client.isEstablished)
  }

  @Test func theOtherProtocolIsRefused() throws {
    let wire = try Wire(certificates, offers: "http/1.1")
    #expect(throws: TLSError.self) { try wire.carry() }
    #expect(!wire.server.isEstablished && !wire.toClient.isEmpty)
    // The client is told why.
    let error = #expect(throws: TLSError.self) { try wire.carry() }
    #expect(error?.description.contains("application protocol") == true)
    let other = try Wire(certificates, offers: "h2", server: "http/1.1", .assumed)
    #expect(throws: TLSError.self) { try other.carry() }
  }

  @Test func aClientBelievesNoStranger() throws {
    let wire = try Wire(certificates, trusting: certificates.otherCertificate)
    let error = #expect(throws: TLSError.self) { try wire.carry() }
    #expect(error?.description.contains("self-signed certificate") == true)
    // The server is told.
    #expect(throws: TLSError.self) { try wire.carry() }
    let elsewhere = try Wire(certificates, host: "example.com")
    let mismatch = #expect(throws: TLSError.self) { try elsewhere.carry() }
    #expect(mismatch?.description.contains("hostname mismatch") == true)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    String(repeating: "\u{16}", count: 40), "\u{16}\u{3}\u{1}\u{0}\u{4}abcd",
  ])
  func otherWordsAreNoHandshake(words: String) throws {
    let wire = try Wire(certificates)
    var plain = ByteBuffer()
    var replies = ByteBuffer()
    #expect(throws: TLSError.self) {
      try Array(words.utf8).withUnsafeBytes {
        try wire.server.receive($0, plain: &plain, replies: &replies)
      }
    }
    #expect(plain.isEmpty && replies.count < 100)
  }

  /// One byte is another: whoever reads it says so, and nothing wrong is let through.
  @Test func changedBytesAreNoticed() throws {
    var generator = SeededGenerator(seed: 5)
    var longer = 0
    for _ in 0..<200 {
      let wire = try Wire(certificates)
      try wire.carry()
      let bytes = pattern(300)
      try bytes.withUnsafeBytes { try wire.client.send($0, into: &wire.toServer) }
      var sealed = wire.toServer.array
      sealed[Int.random(in: 0..<sealed.count, using: &generator)] ^= UInt8(
        1 << Int.random(in: 0..<8, using: &generator))
      var failed = false
      do {
        try sealed.withUnsafeBytes {
          try wire.server.receive($0, plain: &wire.atServer, replies: &wire.toClient)
        }
      } catch { failed = true }
      #expect(wire.atServer.array.isEmpty)
      // A length that grew has it wait for more.
      if !failed { longer += 1 }
    }
    #expect(longer < 20)
  }

  @Test func changedHandshakesFail() throws {
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<300 {
      let wire = try Wire(certificates)
      var hello = wire.toServer.array
      hello[Int.random(in: 0..<hello.count, using: &generator)] ^= UInt8(
        1 << Int.random(in: 0..<8, using: &generator))
      wire.toServer.removeAll()
      wire.toServer.append(hello)
      _ = try? wire.carry()
      #expect(!wire.client.isEstablished || !wire.server.isEstablished)
    }
  }
}
