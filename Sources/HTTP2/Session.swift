package import Bytes
internal import CNghttp2

// A session's turn, as its shell (a connection on a loop, or a test) drives it:
//
//   bytes from the peer ──> receive ──> handler and delegate events ──> commands
//                                                                          │
//   bytes to the peer  <──────────────  gather  <── bodies <── StreamHandler ┘
//
// receive and gather never nest; commands may come inside events. After a turn the shell sends
// what was gathered and asks `isFinished` whether the connection is to be closed.

/// One HTTP/2 connection without I/O (RFC 9113), on nghttp2: bytes in, events out, commands in,
/// bytes out. One thread at a time.
///
/// Exclusive access to the fields of every event is not checked at run time (that was a tenth of a
/// call's cost): there is one thread, and no access lasts over a call to the outside except reads.
@safe
package final class Session {
  package enum Role: Sendable { case server, client }

  /// Freed bytes that a session without streams keeps for its next ones.
  private static let idleMemory = 4 << 10

  /// How far the latest header block has come in. The library tells nothing of one that it ignores
  /// (a closed or refused stream's, or one with a fault in it) but that its frames begin.
  enum BlockProgress { case none, kept, ignored }

  package let role: Role
  package let options: SessionOptions
  /// The session's owner, which outlives it or calls `close` first.
  unowned(unsafe) let delegate: any SessionDelegate

  private let pool = MemoryPool()
  /// The library's session; nil after `close`.
  @exclusivity(unchecked) private(set) var library: OpaquePointer?
  @exclusivity(unchecked) var block = HeaderBlock()
  @exclusivity(unchecked) var progress = BlockProgress.none
  @exclusivity(unchecked) var blocksBegun = 0
  /// Of the latest block.
  @exclusivity(unchecked) var continuations = 0
  /// Streams by slot; the library's stream user data points at them, these references own them.
  @exclusivity(unchecked) private var slots: [Stream?] = []
  @exclusivity(unchecked) private var freeSlots: [Int] = []
  @exclusivity(unchecked) package private(set) var openStreams = 0
  /// The last stream looked up: events of one stream come in runs.
  @exclusivity(unchecked) private var recent: Stream?
  /// Bytes consumed for the connection's window only, told to the library as it gathers.
  @exclusivity(unchecked) private var consumedOnConnection = 0
  @exclusivity(unchecked) private var isInside = false
  /// Where `gather` is writing; nil outside it.
  @exclusivity(unchecked) private(set) var output: UnsafeMutablePointer<ByteBuffer>?
  /// DATA frames without payload or END_STREAM in what `receive` took last: they cost work and no
  /// window.
  @exclusivity(unchecked) package internal(set) var emptyDataFrames = 0
  /// Header list size that was decoded in it over `SessionOptions.maxHeaderListSize`, and for
  /// streams that were ignored: of those an estimate.
  @exclusivity(unchecked) package internal(set) var excessHeaderSize = 0
  /// A block that is ignored, and went on in CONTINUATION, has ended since `receive` began.
  @exclusivity(unchecked) var ignoredBlockEnded = false
  /// `options.apartName` and its length, looked at for every header field.
  let apartName: UnsafePointer<UInt8>?
  let apartLength: Int

  package init(
    role: Role, options: SessionOptions, delegate: any SessionDelegate
  ) throws(SessionError) {
    self.role = role
    self.options = options
    unsafe self.delegate = delegate
    unsafe apartName = options.apartName?.utf8Start
    apartLength = options.apartName?.utf8CodeUnitCount ?? -1
    unsafe library = unsafe try Session.makeLibrarySession(
      role: role, options: options, owner: Unmanaged.passUnretained(self).toOpaque(),
      pool: pool)
  }

  deinit { unsafe nghttp2_session_del(library) }

  /// Takes bytes from the peer and runs their events.
  ///
  /// - Throws: when the connection cannot go on: send what `gather` still yields, then close.
  package func receive(_ bytes: UnsafeRawBufferPointer) throws(SessionError) {
    guard let library = unsafe library, unsafe !isInside else { return }
    unsafe isInside = true
    defer { unsafe isInside = false }
    unsafe emptyDataFrames = 0
    unsafe excessHeaderSize = 0
    let taken = unsafe nghttp2_session_mem_recv(
      library, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    countIgnored(bytes: bytes.count)
    guard taken >= 0 else { throw SessionError(library: taken, doing: "receiving") }
  }

  /// Moves queued frames into `output` until it holds `limit` bytes or nothing is queued.
  ///
  /// - Returns: whether more may be queued behind the limit.
  package func gather(
    into output: inout ByteBuffer, limit: Int
  ) throws(SessionError) -> Bool {
    guard let library = unsafe library, unsafe !isInside else { return false }
    unsafe isInside = true
    defer { unsafe isInside = false }
    let result = unsafe withUnsafeMutablePointer(to: &output) { target in
      unsafe self.output = target
      defer { unsafe self.output = nil }
      while unsafe target.pointee.count < limit {
        unsafe tellConsumed(library)
        var frame: UnsafePointer<UInt8>?
        let count = unsafe nghttp2_session_mem_send(library, &frame)
        // A stream that its last frame has closed may have freed more.
        if unsafe count == 0 && consumedOnConnection > 0 { continue }
        guard count > 0 else { return count }
        unsafe target.pointee.append(UnsafeRawBufferPointer(start: frame, count: count))
      }
      return 1
    }
    guard result >= 0 else { throw SessionError(library: result, doing: "sending") }
    if unsafe openStreams == 0 { pool.trim(to: Self.idleMemory) }
    return result > 0
  }

  private func tellConsumed(_ library: OpaquePointer) {
    guard unsafe consumedOnConnection > 0 else { return }
    _ = unsafe nghttp2_session_consume_connection(library, consumedOnConnection)
    unsafe consumedOnConnection = 0
  }

  /// Whether the protocol is over: nothing more is expected from the peer or owed to it.
  package var isFinished: Bool {
    guard let library = unsafe library else { return true }
    return unsafe nghttp2_session_want_read(library) == 0
      && nghttp2_session_want_write(library) == 0
  }

  /// Whether the library has frames to gather.
  package var wantsToSend: Bool {
    guard let library = unsafe library else { return false }
    return unsafe consumedOnConnection > 0 || nghttp2_session_want_write(library) != 0
  }

  /// Frees the library's session and closes every open stream with `code`. Not inside events.
  package func close(_ code: ErrorCode) {
    guard let library = unsafe library, unsafe !isInside else { return }
    unsafe self.library = nil
    unsafe nghttp2_session_del(library)
    unsafe recent = nil
    let open = unsafe slots.compactMap { $0 }
    unsafe slots = []
    unsafe freeSlots = []
    unsafe openStreams = 0
    for stream in open { end(stream, code) }
  }

  /// Gives back window for `count` received bytes that are no longer held.
  package func consume(_ count: Int, on stream: Stream) {
    guard let library = unsafe library, count > 0 else { return }
    if unsafe !stream.isOpen || stream.remoteEnded {
      unsafe consumedOnConnection += count
    } else {
      _ = unsafe nghttp2_session_consume(library, stream.id, count)
    }
  }

  /// The number of the header block that has begun and not ended; nil between blocks, and in one
  /// that is ignored.
  package var openBlock: Int? { unsafe progress == .kept ? blocksBegun : nil }

  // MARK: Streams

  /// Those that are open.
  package var streams: [Stream] { unsafe slots.compactMap { $0 } }

  func makeStream(id: Int32) -> Stream {
    let slot: Int
    if let free = unsafe freeSlots.popLast() {
      slot = free
    } else {
      slot = unsafe slots.count
      unsafe slots.append(nil)
    }
    let stream = Stream(id: id, slot: slot)
    unsafe slots[slot] = stream
    unsafe openStreams += 1
    unsafe recent = stream
    return stream
  }

  func stream(_ id: Int32) -> Stream? {
    if let recent = unsafe recent, recent.id == id { return recent }
    guard let library = unsafe library,
      let pointer = unsafe nghttp2_session_get_stream_user_data(library, id)
    else { return nil }
    let stream = unsafe Unmanaged<Stream>.fromOpaque(pointer).takeUnretainedValue()
    unsafe recent = stream
    return stream
  }

  func closeStream(_ id: Int32, _ code: ErrorCode) {
    guard let stream = stream(id) else { return }
    forget(stream)
    end(stream, code)
  }

  /// Gives up the session's reference to a stream that closed or never opened.
  func forget(_ stream: Stream) {
    unsafe recent = nil
    unsafe slots[stream.slot] = nil
    unsafe freeSlots.append(stream.slot)
    unsafe openStreams -= 1
  }

  private func end(_ stream: Stream, _ code: ErrorCode) {
    unsafe stream.isOpen = false
    let handler = unsafe stream.handler
    unsafe stream.handler = nil
    handler?.streamClosed(code)
  }
}
