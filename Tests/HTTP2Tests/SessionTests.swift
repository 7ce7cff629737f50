import Bytes
import Testing

@testable import HTTP2

@Suite struct SessionTests {
  @Test func carriesARequestAndItsAnswer() throws {
    let pair = try SessionPair()
    let call = try pair.request(body: Array("hello".utf8), extra: [("x-a", "b")])
    try pair.exchange()
    #expect(pair.server.opened[0].head[":path"] == "/a.B/C")
    #expect(pair.server.opened[0].head["x-a"] == "b")
    let served = try #require(pair.server.handler())
    #expect(served.received == Array("hello".utf8) && served.ended)

    served.body = Array("world".utf8)
    served.endTrailers = SessionPair.list(("grpc-status", "0"))
    pair.server.session.respond(
      try #require(served.stream), SessionPair.list((":status", "200")), body: true)
    try pair.exchange()
    #expect(call.heads == [[":status": "200"]])
    #expect(call.received == Array("world".utf8))
    #expect(call.trailers == ["grpc-status": "0"])
    #expect(call.ended && call.closed == .noError)
    #expect(served.closed == .noError)
    #expect(pair.server.session.openStreams == 0 && pair.client.session.openStreams == 0)
  }

  @Test func tellsWhenThePeerHasTakenOverTheSettings() throws {
    let server = try Side(.server)
    let client = try Side(.client)
    try server.give(try client.take())
    #expect(server.settings == 1 && server.settingsAcks == 0)
    try client.give(try server.take())
    try server.give(try client.take())
    #expect(server.settingsAcks == 1)
  }

  @Test func tellsOfStreamsThatCameBeforeTheirLimitWasKnown() throws {
    var options = SessionOptions()
    options.maxConcurrentStreams = 2
    let server = try Side(.server, options)
    let client = try Side(.client)
    for _ in 0..<3 {
      let handler = RecordingHandler()
      handler.session = client.session
      var headers = HeaderList()
      for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C")] {
        headers.append(name, value)
      }
      handler.stream = try client.session.request(headers, handler: handler)
    }
    try server.give(try client.take())
    #expect(server.opened.count == 2 && server.refusedStreams == 1)
  }

  @Test func sendsABodyAsItComes() throws {
    let pair = try SessionPair()
    let call = try pair.request()
    try pair.exchange()
    let served = try #require(pair.server.handler())
    let stream = try #require(served.stream)
    served.bodyEnds = false
    pair.server.session.respond(stream, SessionPair.list((":status", "200")), body: true)
    try pair.exchange()
    #expect(call.heads.count == 1 && call.received.isEmpty)
    for byte in UInt8(1)...3 {
      served.body.append(byte)
      pair.server.session.resume(stream)
      try pair.exchange()
    }
    #expect(call.received == [1, 2, 3] && !call.ended)
    // The trailers go out behind the last byte, although the body was deferred before.
    served.body = [4]
    served.bodyEnds = true
    served.endTrailers = SessionPair.list(("grpc-status", "5"))
    pair.server.session.resume(stream)
    try pair.exchange()
    #expect(call.received == [1, 2, 3, 4] && call.trailers == ["grpc-status": "5"])
  }

  @Test func trailersSubmittedAtOnceOvertakeTheBody() throws {
    var small = SessionOptions()
    small.streamWindow = 1_000
    let pair = try SessionPair(client: small)
    let call = try pair.request()
    call.consumes = false
    try pair.exchange()
    let served = try #require(pair.server.handler())
    let stream = try #require(served.stream)
    served.body = Array(repeating: 1, count: 5_000)
    pair.server.session.respond(stream, SessionPair.list((":status", "200")), body: true)
    try pair.exchange()
    #expect(call.received.count == 1_000, "the window holds the rest back")
    pair.server.session.submitTrailers(stream, SessionPair.list(("grpc-status", "4")))
    try pair.exchange()
    #expect(call.trailers == ["grpc-status": "4"] && call.received.count == 1_000)
    #expect(served.closed != nil)
  }

  /// What is not consumed is not granted anew; consuming lets the rest come.
  @Test func windowsHoldBackASender() throws {
    var options = SessionOptions()
    options.streamWindow = 10_000
    let pair = try SessionPair(server: options)
    pair.server.accept = { session, stream in
      let handler = RecordingHandler()
      handler.session = session
      handler.stream = stream
      handler.consumes = false
      return handler
    }
    _ = try pair.request(body: Array(repeating: 7, count: 50_000))
    try pair.exchange()
    let served = try #require(pair.server.handler())
    let stream = try #require(served.stream)
    var given = 0
    while given < 50_000 {
      #expect(served.received.count == min(50_000, given + 10_000))
      let fresh = served.received.count - given
      pair.server.session.consume(fresh, on: stream)
      given += fresh
      try pair.exchange()
    }
    #expect(served.received.count == 50_000 && served.ended)
  }

  /// Bytes of streams that closed unread must not eat the connection's window.
  @Test func closedStreamsGiveTheConnectionItsWindowBack() throws {
    let pair = try SessionPair()
    pair.server.accept = { _, _ in
      let handler = RecordingHandler()
      handler.consumes = false
      return handler
    }
    for number in 0..<100 {
      let call = try pair.request(body: Array(repeating: 1, count: 500_000), ends: false)
      try pair.exchange()
      let (stream, _, _, _) = pair.server.opened[number]
      let served = try #require(stream.handler as? RecordingHandler)
      #expect(served.received.count == 500_000)
      pair.client.session.reset(try #require(call.stream), .cancel)
      try pair.exchange()
      #expect(!stream.isOpen)
      pair.server.session.consume(500_000, on: stream)
      try pair.exchange()
    }
  }

  /// Otherwise the peer would have to say something first, and may have no window for it.
  @Test func whatAStreamFreesWithItsLastFrameIsToldBehindIt() throws {
    var options = SessionOptions()
    options.connectionWindow = 100_000
    let pair = try SessionPair(server: options)
    pair.server.accept = { session, stream in
      let handler = RecordingHandler()
      handler.session = session
      handler.stream = stream
      handler.consumes = false
      handler.consumesAtEnd = true
      return handler
    }
    _ = try pair.request(body: Array(repeating: 1, count: 100_000), ends: false)
    try pair.exchange()
    _ = try pair.request(body: Array(repeating: 2, count: 50_000))
    try pair.exchange()
    let (stream, next) = (pair.server.opened[0].stream, try #require(pair.server.handler(1)))
    #expect(next.received.count == 0)
    pair.server.session.respond(
      stream, SessionPair.list((":status", "200"), ("grpc-status", "4")), body: false)
    let words = try pair.server.take()
    #expect(!stream.isOpen && !pair.server.session.wantsToSend)
    try pair.client.give(words)
    try pair.server.give(pair.client.take())
    #expect(next.received.count == 50_000 && next.ended)
  }

  @Test func anAnswerBeforeTheRequestsEndIsFollowedByReset() throws {
    let pair = try SessionPair()
    let call = try pair.request(body: [1], ends: false)
    try pair.exchange()
    let stream = pair.server.opened[0].stream
    pair.server.session.respond(
      stream, SessionPair.list((":status", "200"), ("grpc-status", "4")), body: false)
    try pair.exchange()
    #expect(call.heads == [[":status": "200", "grpc-status": "4"]])
    #expect(call.closed == .noError)
    #expect(pair.client.resets == [.noError])
  }

  @Test func tellsOfResets() throws {
    let pair = try SessionPair()
    let call = try pair.request(ends: false)
    try pair.exchange()
    let served = try #require(pair.server.handler())
    pair.client.session.reset(try #require(call.stream), .cancel)
    try pair.exchange()
    #expect(served.closed == .cancel && pair.server.resets == [.cancel])
  }

  @Test func closeEndsEveryStream() throws {
    let pair = try SessionPair()
    for _ in 0..<3 { _ = try pair.request(ends: false) }
    try pair.exchange()
    let handlers = (0..<3).compactMap { pair.server.handler($0) }
    #expect(handlers.count == 3)
    pair.server.session.close(.cancel)
    #expect(handlers.allSatisfy { $0.closed == .cancel })
    #expect(pair.server.session.openStreams == 0 && pair.server.session.isFinished)
    // Commands on what is gone do nothing.
    pair.server.session.reset(pair.server.opened[0].stream, .cancel)
    pair.server.session.consume(5, on: pair.server.opened[0].stream)
    #expect(try pair.server.take().isEmpty)
  }

  @Test func drainsWithoutRefusingWhatRaces() throws {
    let pair = try SessionPair()
    let before = try pair.request()
    try pair.exchange()
    pair.server.session.submitShutdownNotice()
    pair.server.session.submitPing(77)
    let notice = try pair.server.take()
    // The client opens another stream before the notice reaches it.
    let racing = try pair.request()
    let late = try pair.client.take()
    try pair.client.give(notice)
    #expect(pair.client.goAway?.lastStream == Int32.max)
    try pair.server.give(late)
    try pair.exchange()
    #expect(pair.server.pings == [77] && pair.server.opened.count == 2)
    pair.server.session.submitGoAway(.noError, debug: "drain")
    for opened in pair.server.opened {
      pair.server.session.respond(opened.stream, SessionPair.list((":status", "200")), body: false)
    }
    try pair.exchange()
    #expect(pair.client.goAway?.lastStream == 3 && pair.client.goAway?.debug == "drain")
    #expect(before.closed == .noError && racing.closed == .noError)
    #expect(pair.server.session.isFinished)
  }

  @Test func keepsOneFieldApart() throws {
    var options = SessionOptions()
    options.apartName = "grpc-timeout"
    let pair = try SessionPair(server: options)
    _ = try pair.request(extra: [("grpc-timeout", "100m"), ("x-a", "b")])
    try pair.exchange()
    #expect(pair.server.opened[0].apart == Array("100m".utf8))
    #expect(pair.server.opened[0].head["grpc-timeout"] == nil)
    #expect(pair.server.opened[0].head["x-a"] == "b")
  }

  @Test func countsHeadersAndKeepsOnlyTheLimit() throws {
    var options = SessionOptions()
    options.maxHeaderListSize = 2_000
    let pair = try SessionPair(server: options)
    for count in [10, 60] {
      let extra = (0..<count).map { ("x-\($0)", "value") }
      _ = try pair.request(extra: extra)
    }
    try pair.exchange()
    #expect(pair.server.opened.map(\.truncated) == [false, true])
    #expect(pair.server.opened[1].head.count < 60)
  }

  /// One byte may stand for a field of thousands (RFC 7541, section 6.1).
  @Test func countsWhatAPeerSendsOverTheLimit() throws {
    var options = SessionOptions()
    options.maxHeaderListSize = 2_000
    options.maxExcessHeaderSize = 10_000
    let pair = try SessionPair(server: options)
    // Of 1,000 each; the others of a request are some 130.
    let large = ("x-large", String(repeating: "v", count: 1_000 - 39))
    for count in [1, 3, 11] {
      _ = try pair.request(extra: Array(repeating: large, count: count))
      try pair.server.give(try pair.client.take())
      let excess = pair.server.session.excessHeaderSize
      #expect(count == 1 ? excess == 0 : (1...200).contains(excess - 1_000 * (count - 2)))
      #expect(pair.server.opened.last?.truncated == (excess > 0))
      try pair.exchange()
    }
    _ = try pair.request(extra: Array(repeating: large, count: 12))
    let error = #expect(throws: SessionError.self) { try pair.exchange() }
    #expect(error?.code == .excessHeaders)
    #expect(pair.server.opened.count == 3)
  }

  /// However the bytes are cut.
  @Test func takesAHeadInNinePartsByteByByte() throws {
    let pair = try SessionPair()
    func frame(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) -> [UInt8] {
      [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, 1] + payload
    }
    var bytes = frame(1, 1, [0x83, 0x86, 0x84])
    for part in UInt8(0)..<8 {
      let field: [UInt8] = [0, 1, UInt8(ascii: "a") + part, 1, UInt8(ascii: "0") + part]
      bytes += frame(9, part == 7 ? 4 : 0, field)
    }
    for byte in bytes { try pair.server.give([byte]) }
    #expect(pair.server.opened.first?.head["a"] == "0")
    #expect(pair.server.opened.first?.head["h"] == "7")
  }

  @Test func refusesAHeadInMoreParts() throws {
    let pair = try SessionPair()
    try pair.server.give([0, 0, 3, 1, 1, 0, 0, 0, 1, 0x83, 0x86, 0x84])
    let empty: [UInt8] = [0, 0, 0, 9, 0, 0, 0, 0, 1]
    for _ in 0..<8 { try pair.server.give(empty) }
    let error = #expect(throws: SessionError.self) { try pair.server.give(empty) }
    #expect(error?.code == .excessHeaders)
  }

  /// The library decodes them all the same, and tells nothing of their fields.
  @Test func countsTheBytesOfHeadsThatAreIgnored() throws {
    let pair = try SessionPair()
    let call = try pair.request()
    try pair.exchange()
    pair.server.session.reset(pair.server.opened[0].stream, .cancel)
    try pair.exchange()
    #expect(call.closed == .cancel && pair.server.session.excessHeaderSize == 0)
    let session: Session = pair.server.session
    let fields: [UInt8] = [0x83, 0x86, 0x84]
    try pair.server.give([0, 0, 3, 1, 4, 0, 0, 0, 1] + fields)
    #expect(session.excessHeaderSize == 3 * 4)
    // In parts: HEADERS, CONTINUATION; and a PING behind them, at whose beginning they are over.
    try pair.server.give([0, 0, 3, 1, 0, 0, 0, 0, 1] + fields)
    #expect(session.excessHeaderSize == (3 + 12) * 4)
    #expect(session.openBlock == nil, "nothing is kept that would have to be timed")
    try pair.server.give([0, 0, 3, 9, 4, 0, 0, 0, 1] + fields)
    #expect(session.excessHeaderSize == 12 * 4)
    let ping: [UInt8] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    try pair.server.give(ping)
    #expect(session.excessHeaderSize == ping.count * 4, "its first bytes may have been theirs")
    try pair.server.give(ping)
    #expect(session.excessHeaderSize == 0 && pair.server.opened.count == 1)
  }

  /// nghttp2 drops responses with more than 64 KiB of headers; the client must not wait for them.
  @Test func headersTooLargeToSendResetTheStream() throws {
    let pair = try SessionPair()
    let call = try pair.request()
    try pair.exchange()
    pair.server.session.respond(
      pair.server.opened[0].stream,
      SessionPair.list((":status", "200"), ("x", String(repeating: "y", count: 100_000))),
      body: false)
    try pair.exchange()
    #expect(call.closed == .internalError)
  }

  @Test func informationalHeadsAreLeftOut() throws {
    let pair = try SessionPair()
    let call = try pair.request()
    try pair.exchange()
    let stream = pair.server.opened[0].stream
    // The library sends a second head only as trailers, so the bytes are made by hand.
    try pair.client.give([0, 0, 5, 1, 4, 0, 0, 0, 1, 0x08, 3] + Array("103".utf8))
    pair.server.session.respond(stream, SessionPair.list((":status", "200")), body: false)
    try pair.exchange()
    #expect(call.heads == [[":status": "200"]])
  }

  @Test func bytesThatAreNoPrefaceAreAnError() throws {
    let server = try Side(.server)
    let error = #expect(throws: SessionError.self) {
      try server.give(Array("GET / HTTP/1.1\r\nHost: example\r\n\r\n".utf8))
    }
    #expect(error?.code == .badPreface)
  }

  @Test func equalHeadsCompareEqual() throws {
    var options = SessionOptions()
    options.apartName = "grpc-timeout"
    let client = try Side(.client)
    let comparing = Comparing()
    let server = try Session(role: .server, options: options, delegate: comparing)
    let heads: [[(String, String)]] = [
      [("grpc-timeout", "1S"), ("ab", "c")], [("grpc-timeout", "2S"), ("ab", "c")], [("ab", "c")],
      [("a", "bc")], [("a", "bd")], [("a", "bd"), ("e", "f")],
    ]
    for head in heads {
      var headers = HeaderList()
      headers.append(":path", "/")
      for pair in head { headers.append(pair.0, pair.1) }
      _ = try client.session.request(headers, handler: RecordingHandler())
    }
    try client.take().withUnsafeBytes { try server.receive($0) }
    #expect(comparing.results == [true, true, false, false, false])
  }
}

/// Compares every head with the one before.
private final class Comparing: SessionDelegate {
  private var snapshot: HeaderSnapshot?
  var results: [Bool] = []

  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {
    if let snapshot { results.append(head.equals(snapshot)) }
    snapshot = head.snapshot()
  }
  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {}
  func sessionReceivedPingAck(_ payload: UInt64) {}
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {}
  func sessionReceivedSettings() {}
}
