import Bytes
import HTTP2

/// A stream's events, remembered, and a body to send.
final class RecordingHandler: StreamHandler {
  var heads: [[String: String]] = []
  var trailers: [String: String]?
  var received: [UInt8] = []
  var ended = false
  var closed: ErrorCode?

  /// Bytes still to be sent; nil ends the body when they are gone.
  var body: [UInt8] = []
  var bodyEnds = true
  var endTrailers: Headers?
  weak var session: Session?
  var stream: Stream?
  /// Consumes what it receives at once.
  var consumes = true
  /// Consumes what it received when its stream closes.
  var consumesAtEnd = false

  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool) { heads.append(fields(head)) }
  func streamReceived(_ bytes: UnsafeRawBufferPointer) {
    received += Array(bytes)
    if consumes, let stream { session?.consume(bytes.count, on: stream) }
  }
  func streamReceivedTrailers(_ block: borrowing HeaderBlock) { trailers = fields(block) }
  func streamReceivedEnd() { ended = true }
  func streamClosed(_ code: ErrorCode) {
    closed = code
    if consumesAtEnd, let stream { session?.consume(received.count, on: stream) }
  }

  func streamBody(limit: Int) -> StreamBody {
    let count = min(limit, body.count)
    guard count == body.count, bodyEnds else { return count > 0 ? .bytes(count) : .pending }
    guard let endTrailers, let stream else { return .end(count) }
    session?.submitTrailers(stream, endTrailers)
    return .trailers(count)
  }

  func streamCopyBody(to target: UnsafeMutableRawBufferPointer) {
    target.copyBytes(from: body.prefix(target.count))
    body.removeFirst(target.count)
  }
}

func fields(_ block: borrowing HeaderBlock) -> [String: String] {
  var all: [String: String] = [:]
  for index in 0..<block.count {
    let field = block[index]
    all[String(decoding: field.name, as: UTF8.self)] = String(decoding: field.value, as: UTF8.self)
  }
  return all
}

/// One side of a connection, without a socket.
final class Side: SessionDelegate {
  private(set) var session: Session!
  var opened: [(stream: Stream, head: [String: String], apart: [UInt8], truncated: Bool)] = []
  var pings: [UInt64] = []
  var resets: [ErrorCode] = []
  var goAway: (lastStream: Int32, code: ErrorCode, debug: String)?
  var settings = 0
  var settingsAcks = 0
  var refusedStreams = 0
  /// Makes the handler of a request on the server's side.
  var accept: (Session, Stream) -> RecordingHandler? = { session, stream in
    let handler = RecordingHandler()
    handler.session = session
    handler.stream = stream
    return handler
  }

  init(_ role: Session.Role, _ options: SessionOptions = SessionOptions()) throws {
    session = try Session(role: role, options: options, delegate: self)
  }

  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {
    opened.append((stream, fields(head), head.apart, head.isTruncated))
    stream.handler = accept(session, stream)
  }
  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {
    goAway = (lastStream, code, debug)
  }
  func sessionReceivedPingAck(_ payload: UInt64) { pings.append(payload) }
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) { resets.append(code) }
  func sessionReceivedSettings() { settings += 1 }
  func sessionReceivedSettingsAck() { settingsAcks += 1 }
  func sessionRefusedStream() { refusedStreams += 1 }

  func take() throws -> [UInt8] {
    var output = ByteBuffer()
    while try session.gather(into: &output, limit: 1 << 20) {}
    return output.withUnsafeBytes { Array($0) }
  }

  func give(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try session.receive($0) } }

  func handler(_ index: Int = 0) -> RecordingHandler? {
    opened[index].stream.handler as? RecordingHandler
  }
}

/// A client and a server that hand each other their bytes.
struct SessionPair {
  let client: Side
  let server: Side

  init(
    client: SessionOptions = SessionOptions(), server: SessionOptions = SessionOptions()
  ) throws {
    self.client = try Side(.client, client)
    self.server = try Side(.server, server)
    try exchange()
  }

  /// Until nobody has anything to say.
  func exchange() throws {
    while true {
      let up = try client.take()
      if !up.isEmpty { try server.give(up) }
      let down = try server.take()
      if !down.isEmpty { try client.give(down) }
      if up.isEmpty && down.isEmpty { return }
    }
  }

  func request(
    path: String = "/a.B/C", body: [UInt8] = [], ends: Bool = true, extra: [(String, String)] = []
  ) throws -> RecordingHandler {
    let handler = RecordingHandler()
    handler.session = client.session
    handler.body = body
    handler.bodyEnds = ends
    var headers = HeaderList()
    headers.append(":method", "POST")
    headers.append(":scheme", "http")
    headers.append(":path", path)
    for pair in extra { headers.append(pair.0, pair.1) }
    handler.stream = try client.session.request(headers, handler: handler)
    return handler
  }

  static func list(_ pairs: (String, String)...) -> Headers {
    var list = HeaderList()
    for pair in pairs { list.append(pair.0, pair.1) }
    return .list(list)
  }
}
