import Bytes
import HTTP2
import Messages
import TestSupport
import Testing

@testable import RPC

/// Mutated frame streams through the session and RPC's machines, without sockets: whatever comes
/// in, nothing traps, hangs or grows past its limits. Seeded, so that a failure comes again.
@Suite struct FuzzTests {
  @Test(arguments: 0..<20) func mutatedStreamsBreakNothing(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let server = FuzzServer()
      let session = try Session(role: .server, options: FuzzServer.options, delegate: server)
      server.session = session
      var bytes = try Self.goodStream(&random)
      for _ in 0..<random.below(6) { Self.mutate(&bytes, &random) }
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = Array(rest.prefix(1 + random.below(2_000)))
        rest = rest.dropFirst(piece.count)
        do {
          try piece.withUnsafeBytes { try session.receive($0) }
          var output = ByteBuffer()
          while try session.gather(into: &output, limit: 1 << 16), output.count < 1 << 20 {}
          #expect(output.count < 1 << 20)
        } catch {
          break
        }
        if session.isFinished { break }
      }
      #expect(server.largestQueue <= FuzzServer.messageLimit + (1 << 20) + 2_000)
      session.close(.cancel)
      #expect(session.openStreams == 0)
      #expect(server.open == 0, "every stream that opened has closed")
    }
  }

  /// What a client says that opens some calls with messages.
  private static func goodStream(_ random: inout SeededGenerator) throws -> [UInt8] {
    let delegate = SilentDelegate()
    let client = try Session(role: .client, options: SessionOptions(), delegate: delegate)
    for _ in 0..<(1 + random.below(8)) {
      var headers = HeaderList()
      headers.append(":method", random.below(10) == 0 ? "GET" : "POST")
      headers.append(":scheme", "http")
      headers.append(":path", random.below(2) == 0 ? "/a.B/Unary" : "/a.B/Stream")
      headers.append("content-type", "application/grpc")
      if random.below(3) == 0 { headers.append("grpc-timeout", "\(random.below(1000))m") }
      if random.below(3) == 0 { headers.append("x-data-bin", "Zm9v") }
      let body = BodyHandler()
      for _ in 0..<random.below(4) {
        let size = random.below(3_000)
        body.bytes += [0, 0, 0, UInt8(size >> 8), UInt8(size & 255)]
        body.bytes += [UInt8](repeating: 7, count: size)
      }
      let stream = try client.request(headers, handler: body)
      if random.below(5) == 0 { client.reset(stream, .cancel) }
    }
    if random.below(3) == 0 { client.submitPing(random.next()) }
    var output = ByteBuffer()
    while try client.gather(into: &output, limit: 1 << 20) {}
    withExtendedLifetime(delegate) {}
    return output.withUnsafeBytes { Array($0) }
  }

  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard bytes.count > 30 else { return }
    let position = random.below(bytes.count)
    switch random.below(6) {
    case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
    case 1: bytes[position] ^= 1 << UInt8(random.below(8))
    case 2: bytes.removeSubrange(position..<min(bytes.count, position + 1 + random.below(20)))
    case 3: bytes.insert(contentsOf: [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8], at: position)
    case 4:
      let end = min(bytes.count, position + random.below(200))
      bytes.insert(contentsOf: Array(bytes[position..<end]), at: random.below(bytes.count))
    default: bytes.removeLast(random.below(bytes.count - 24))
    }
  }
}

extension SeededGenerator {
  fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}

/// Heads judged, messages cut, calls advanced as a server does it, handlers left out.
private final class FuzzServer: SessionDelegate {
  static let messageLimit = 2_000
  static var options: SessionOptions {
    var options = SessionOptions()
    options.maxHeaderListSize = 4_000
    options.apartName = "grpc-timeout"
    return options
  }
  unowned(unsafe) var session: Session!
  var largestQueue = 0
  var open = 0

  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {
    switch RequestVerdict(
      head, timeout: Timeout.Field(head.apart), headerLimit: Self.options.maxHeaderListSize)
    {
    case .malformed: session.reset(stream, .protocolError)
    case .answered(let list): session.respond(stream, .list(list), body: false)
    case .rejected(let status): refuse(stream, status)
    case .accepted(let head):
      let shape: MethodHandler.Shape = head.path == "/a.B/Unary" ? .unary : .bidirectional
      open += 1
      let call = FuzzCall(self, stream, shape)
      stream.handler = call
      call.perform(call.machine.opened())
    }
  }
  func refuse(_ stream: Stream, _ status: Status) {
    session.respond(
      stream,
      ResponseHeaders.trailersOnly(status, initial: [:], trailing: [:], limit: 1_000).headers,
      body: false)
  }
  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {}
  func sessionReceivedPingAck(_ payload: UInt64) {}
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {}
  func sessionReceivedSettings() {}
}

private final class FuzzCall: StreamHandler {
  let server: FuzzServer
  let stream: Stream
  var machine: ServerCallMachine
  var queue = MessageQueue(sizeLimit: FuzzServer.messageLimit)

  init(_ server: FuzzServer, _ stream: Stream, _ shape: MethodHandler.Shape) {
    self.server = server
    self.stream = stream
    machine = ServerCallMachine(shape: shape)
  }

  func perform(_ action: ServerCallMachine.Action) {
    switch action {
    case .none, .cancelHandler: break
    case .startHandler:
      if machine.shape == .unary { perform(machine.handlerEnded(nil)) }
    case .finish(let status): server.refuse(stream, status ?? Status(.ok))
    case .abort(let status): server.refuse(stream, status)
    }
  }

  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool) {}
  func streamReceivedTrailers(_ trailers: borrowing HeaderBlock) {}
  func streamReceived(_ bytes: UnsafeRawBufferPointer) {
    server.session.consume(bytes.count, on: stream)
    guard machine.phase == .collecting || machine.phase == .running else { return }
    let before = queue.ready
    do throws(Status) { try queue.append(bytes) } catch { return perform(machine.failed(error)) }
    server.largestQueue = max(server.largestQueue, queue.count)
    perform(machine.received(messages: queue.ready - before))
    if machine.phase == .running { while queue.poll({ _ in }) != nil {} }
  }
  func streamReceivedEnd() { perform(machine.receivedEnd(isCut: queue.hasPartial)) }
  func streamClosed(_ code: ErrorCode) {
    server.open -= 1
    perform(machine.closed(Status(.cancelled)))
  }
  func streamBody(limit: Int) -> StreamBody { .pending }
  func streamCopyBody(to target: UnsafeMutableRawBufferPointer) {}
}

private final class BodyHandler: StreamHandler {
  var bytes: [UInt8] = []
  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool) {}
  func streamReceivedTrailers(_ trailers: borrowing HeaderBlock) {}
  func streamReceived(_ bytes: UnsafeRawBufferPointer) {}
  func streamReceivedEnd() {}
  func streamClosed(_ code: ErrorCode) {}
  func streamBody(limit: Int) -> StreamBody {
    bytes.count > limit ? .bytes(limit) : .end(bytes.count)
  }
  func streamCopyBody(to target: UnsafeMutableRawBufferPointer) {
    target.copyBytes(from: bytes.prefix(target.count))
    bytes.removeFirst(target.count)
  }
}

private final class SilentDelegate: SessionDelegate {
  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {}
  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {}
  func sessionReceivedPingAck(_ payload: UInt64) {}
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {}
  func sessionReceivedSettings() {}
}
