import Bytes
import EventLoop
import Glibc
import TLS
import Testing

/// What a handler lived through.
enum Event: Sendable, Equatable {
  case opened
  case bytes([UInt8])
  case end
  case closed(CloseReason)
}

/// Sends back what it gets, and pushes back on a peer that sends faster than it reads.
final class Echo: ConnectionHandler {
  private var connection: Connection?
  private var waiting = ByteBuffer()
  private var isInside = false
  private let onClose: @Sendable (CloseReason) -> Void
  private let onEnd: @Sendable () -> Void
  /// Bytes taken in one turn.
  private let most: Int

  init(
    taking most: Int = .max,
    onEnd: @escaping @Sendable () -> Void = {},
    onClose: @escaping @Sendable (CloseReason) -> Void = { _ in }
  ) {
    self.most = most
    self.onEnd = onEnd
    self.onClose = onClose
  }

  func opened(_ connection: Connection) { self.connection = connection }

  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    let taken = min(bytes.count, most)
    waiting.append(UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
    connection?.setNeedsWrite()
    return taken
  }

  func receivedEnd() {
    onEnd()
    connection?.closeAfterFlush()
  }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    let count = min(limit, waiting.count)
    waiting.withUnsafeBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    waiting.consume(count)
    return !waiting.isEmpty
  }

  func closed(_ reason: CloseReason) {
    connection = nil
    onClose(reason)
  }
}

/// The other side: sends what it is told and reports every event.
final class Caller: ConnectionHandler {
  let events: Channel<Event>
  private(set) var connection: Connection?
  private var waiting = ByteBuffer()
  /// Closes or aborts as soon as bytes come.
  var onBytes: ((Connection) -> Void)?
  private var isInside = false

  init(sending: [UInt8], events: Channel<Event>) {
    self.events = events
    waiting.append(sending)
  }

  func send(_ bytes: [UInt8]) {
    waiting.append(bytes)
    connection?.setNeedsWrite()
  }

  func opened(_ connection: Connection) {
    self.connection = connection
    events.send(.opened)
    if !waiting.isEmpty { connection.setNeedsWrite() }
  }

  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    isInside = true
    events.send(.bytes(Array(bytes)))
    if let connection { onBytes?(connection) }
    isInside = false
    return bytes.count
  }

  func receivedEnd() {
    events.send(.end)
    connection?.close()
  }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    let count = min(limit, waiting.count)
    waiting.withUnsafeBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    waiting.consume(count)
    return !waiting.isEmpty
  }

  func closed(_ reason: CloseReason) {
    #expect(!isInside, "closed came inside another callback")
    connection = nil
    events.send(.closed(reason))
  }
}

/// A caller as seen from a test's task.
struct Peer: Sendable {
  let events: Channel<Event>
  let caller: LoopBound<Caller>

  static func connect(
    on loop: EventLoop, to address: SocketAddress, sending bytes: [UInt8] = [],
    timeout: Duration = .seconds(10), tls: (context: TLSContext, name: String)? = nil,
    onBytes: (@Sendable (Connection) -> Void)? = nil
  ) async throws -> Peer {
    let events = Channel<Event>(low: 0, high: 1 << 20)
    return try await loop.run {
      let caller = Caller(sending: bytes, events: events)
      caller.onBytes = onBytes
      let session = try tls.map { try TLSSession(connecting: $0.context, to: $0.name) }
      try loop.connect(to: address, timeout: timeout, session: session, handler: caller)
      return Peer(events: events, caller: LoopBound(caller, on: loop))
    }
  }

  func run<Result: Sendable>(
    _ body: @escaping @Sendable (Caller) throws -> Result
  ) async throws -> Result {
    try await caller.loop.run { try body(caller.value) }
  }

  /// Bytes until `count` have come, or the events until then if something else comes.
  func read(_ count: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      switch try await events.next() {
      case .bytes(let more)?: bytes += more
      case .opened?: continue
      case let other:
        Issue.record("\(String(describing: other)) came after \(bytes.count) of \(count) bytes")
        return bytes
      }
    }
    return bytes
  }

  /// All events to the closing.
  func readToEnd() async throws -> [Event] {
    var all: [Event] = []
    while let event = try await events.next() {
      all.append(event)
      if case .closed = event { break }
    }
    return all
  }
}

/// A group that is shut down at the end of the body.
func withGroup(
  _ count: Int = 2, configuration: EventLoop.Configuration = EventLoop.Configuration(),
  _ body: (EventLoopGroup) async throws -> Void
) async throws {
  let group = try EventLoopGroup(count: count, configuration: configuration)
  defer { group.shutdown() }
  try await body(group)
}

func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
}
