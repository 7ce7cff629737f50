package import Bytes
internal import CTLS

//            handshake done             we: end(into:)
//   opening ────────────────> open ──────────────────────> said our end
//      │                       │
//      └──────── TLSError ─────┴──> over; the last replies say why
//
// The other side's end (close_notify) leaves our direction as it is; whoever has said its own reads
// no more.

/// One connection's TLS, without I/O: what came over the wire goes in, and what the application is
/// to have comes out, and the other way round. Whatever was taken in is worked off before a call
/// returns, but for a record that is not whole yet: at most 16 KiB wait here.
///
/// On one thread at a time, as its connection is.
@safe
package final class TLSSession {
  /// The most of the application that one record holds (RFC 8446, section 5.1).
  package static let recordSize = 16_384
  /// Over what it holds: its head, tag and padding, with room to spare.
  private static let recordOverhead = 256
  /// Room for replies: most of a handshake's, and of a record's after it.
  private static let replyRoom = 4_096

  private let handle: OpaquePointer
  /// Sessions of OpenSSL's own keep theirs, ours keeps what the callbacks read.
  private let context: TLSContext
  package private(set) var isEstablished = false
  /// The other side has said that it sends no more.
  package private(set) var hasPeerEnded = false
  private var hasEnded = false

  /// A server's side.
  package init(accepting context: TLSContext) throws(TLSError) {
    guard let handle = unsafe ct_accept(context.handle) else { throw .outOfMemory }
    unsafe self.handle = handle
    self.context = context
  }

  /// A client's side.
  ///
  /// - Parameter host: a name or an address that the server's certificate must have.
  package init(connecting context: TLSContext, to host: String) throws(TLSError) {
    guard let handle = unsafe ct_connect(context.handle, host) else {
      throw TLSError("\(host) cannot be the name of a server")
    }
    unsafe self.handle = handle
    self.context = context
  }

  deinit { unsafe ct_session_free(handle) }

  /// Says a client's first word, to which the server answers.
  package func begin(into wire: inout ByteBuffer) throws(TLSError) {
    _ = try shakeHands(&wire)
  }

  /// Takes all of `wire`.
  ///
  /// - Parameters:
  ///   - plain: gets what it said to the application.
  ///   - replies: gets what TLS itself has to answer, even where this throws: the alert.
  package func receive(
    _ wire: UnsafeRawBufferPointer, plain: inout ByteBuffer, replies: inout ByteBuffer
  ) throws(TLSError) {
    unsafe ct_offer(handle, wire.baseAddress, wire.count)
    defer { unsafe ct_offer(handle, nil, 0) }
    guard try shakeHands(&replies) else { return }
    while !hasPeerEnded {
      let target = unsafe plain.reserve(Self.recordSize)
      let count = step(&replies, room: Self.replyRoom) {
        unsafe ct_read(handle, target.baseAddress, target.count)
      }
      switch count {
      case 1...: plain.commit(Int(count))
      case Int64(CT_NEEDS_BYTES): return
      case Int64(CT_ENDED): hasPeerEnded = true
      default: throw failure
      }
    }
  }

  /// Seals what the application sends, in as few records as hold it.
  package func send(
    _ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer
  ) throws(TLSError) {
    var sent = 0
    while sent < plain.count {
      let part = unsafe UnsafeRawBufferPointer(
        rebasing: plain[sent..<min(sent + Self.recordSize, plain.count)])
      let count = step(&wire, room: part.count + Self.recordOverhead) {
        unsafe ct_write(handle, part.baseAddress, part.count)
      }
      guard count > 0 else { throw failure }
      sent += Int(count)
    }
  }

  /// Says that nothing more will be sent, the first time; nothing where there was no handshake.
  package func end(into wire: inout ByteBuffer) {
    guard isEstablished, !hasEnded else { return }
    hasEnded = true
    _ = step(&wire, room: Self.replyRoom) { unsafe Int64(ct_close(handle)) }
  }

  /// - Returns: whether the handshake is done.
  private func shakeHands(_ replies: inout ByteBuffer) throws(TLSError) -> Bool {
    if isEstablished { return true }
    switch step(&replies, room: Self.replyRoom, { unsafe Int64(ct_handshake(handle)) }) {
    case 1: isEstablished = true
    case Int64(CT_NEEDS_BYTES): break
    case Int64(CT_ENDED): throw TLSError("the other side ended the handshake")
    default: throw failure
    }
    return isEstablished
  }

  /// Takes one step, with as much room for what is to be sent as it needs.
  private func step(_ wire: inout ByteBuffer, room: Int, _ body: () -> Int64) -> Int64 {
    while true {
      let target = unsafe wire.reserve(room)
      unsafe ct_room(handle, target.baseAddress, target.count)
      let result = body()
      wire.commit(unsafe ct_put(handle))
      unsafe ct_room(handle, nil, 0)
      if result != Int64(CT_NEEDS_ROOM) { return result }
    }
  }

  private var failure: TLSError {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { words in
      unsafe ct_words(handle, words.baseAddress, words.count)
      return unsafe TLSError(words.baseAddress.map { unsafe String(cString: $0) } ?? "")
    }
  }
}
