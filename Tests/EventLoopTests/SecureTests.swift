import Bytes
import Foundation
import Glibc
import Synchronization
import TLS
import TestSupport
import Testing

@testable import EventLoop

/// Terms with a certificate of the tests', the way to trust it, and what became of handshakes.
struct Secure: Sendable {
  let terms: TLSTerms
  let client: TLSContext
  let outcomes = Channel<String>(low: 0, high: 1 << 16)

  init(limit: Duration = .seconds(20)) throws {
    let made = try #require(TestCertificates.shared)
    let texts = try CertificateFiles(certificate: made.certificate, key: made.key).read()
    client = try TLSContext(trusting: made.certificate, protocol: "h2")
    let outcomes = outcomes
    terms = TLSTerms(
      try TLSContext(texts, protocol: "h2", .required), limit: limit,
      handshakeEnded: { _, error in outcomes.send(error?.description ?? "") })
  }

  func listen(
    _ group: EventLoopGroup, handler: @escaping @Sendable () -> any ConnectionHandler = { Echo() }
  ) throws -> Listening {
    var options = ListenOptions()
    options.tls = terms
    return try group.listen(on: SocketAddress("127.0.0.1:0"), options: options) { _ in handler() }
  }
}

@Suite(.enabled(if: TestCertificates.shared != nil)) struct SecureTests {
  @Test func echoesThroughPartialWrites() async throws {
    let secure = try Secure()
    let bytes = pattern(8 << 20)
    try await withGroup { group in
      let listening = try secure.listen(group)
      for loop in group.loops {
        let peer = try await Peer.connect(
          on: loop, to: listening.address, sending: bytes, tls: (secure.client, "127.0.0.1"))
        #expect(try await peer.read(bytes.count) == bytes)
        #expect(try await secure.outcomes.next() == "")
      }
    }
  }

  @Test func whoTakesLittleGetsTheRestLater() async throws {
    let secure = try Secure()
    let bytes = pattern(100_000)
    try await withGroup { group in
      let listening = try secure.listen(group) { Echo(taking: 1_000) }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: bytes,
        tls: (secure.client, "localhost"))
      #expect(try await peer.read(bytes.count) == bytes)
    }
  }

  /// Both say their session's end: the caller reads an end, and its own closes the other.
  @Test func endsInGoodOrder() async throws {
    let secure = try Secure()
    let ends = Counted()
    let reasons = Channel<CloseReason>(low: 0, high: 16)
    try await withGroup(1) { group in
      let listening = try secure.listen(group) {
        Echo(onEnd: { ends.add() }, onClose: { reasons.send($0) })
      }
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: [1], tls: (secure.client, "localhost"))
      #expect(try await peer.read(1) == [1])
      try await peer.run { $0.connection?.closeAfterFlush() }
      #expect(try await reasons.next() == .local)
      #expect(ends.value == 1)
      #expect(try await peer.readToEnd().last == .closed(.local))
      try await turnUntil(group) { listening.connections.open == 0 }
    }
  }

  @Test func aStrangersHandshakeFailsOnBothSides() async throws {
    let secure = try Secure()
    try await withGroup(1) { group in
      let listening = try secure.listen(group)
      let peer = try await Peer.connect(
        on: group.loops[0], to: listening.address, tls: (secure.client, "example.com"))
      guard case .closed(.insecure(let error))? = try await peer.readToEnd().last else {
        Issue.record("the handshake did not fail")
        return
      }
      #expect(error.description.contains("hostname mismatch"))
      #expect(try await secure.outcomes.next()?.isEmpty == false)
      try await turnUntil(group) { listening.connections.open == 0 }
    }
  }

  /// A connection that says nothing, a part of a handshake, or something else altogether.
  @Test(arguments: ["", "\u{16}\u{3}\u{1}", "GET / HTTP/1.1\r\n\r\n"])
  func whoMakesNoHandshakeIsClosed(words: String) async throws {
    let secure = try Secure(limit: .milliseconds(200))
    try await withGroup(1) { group in
      let listening = try secure.listen(group)
      let client = try BlockingClient(port: listening.address.port)
      let answer = await offThread {
        defer { client.close() }
        client.send(Array(words.utf8))
        return client.readToEnd()
      }
      #expect(answer.count < 100)
      #expect(try await secure.outcomes.next()?.isEmpty == false)
      try await turnUntil(group) { listening.connections.open == 0 }
      // It waited for that without spinning.
      #expect(group.loops[0].turnCount < 1_000)
    }
  }

  @Test func aNewCertificateIsForNewConnections() async throws {
    let secure = try Secure()
    let made = try #require(TestCertificates.shared)
    let texts = try CertificateFiles(certificate: made.otherCertificate, key: made.otherKey).read()
    let second = try TLSContext(texts, protocol: "h2", .required)
    let trusting = try TLSContext(trusting: made.otherCertificate, protocol: "h2")
    try await withGroup(1) { group in
      let listening = try secure.listen(group)
      let first = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: [1], tls: (secure.client, "localhost"))
      #expect(try await first.read(1) == [1])
      secure.terms.replace(second)
      let next = try await Peer.connect(
        on: group.loops[0], to: listening.address, sending: [2], tls: (trusting, "localhost"))
      #expect(try await next.read(1) == [2])
      try await first.run { $0.send([3]) }
      #expect(try await first.read(1) == [3])
    }
  }
}
