internal import Bytes
internal import CNghttp2

// The library's callbacks: nonisolated C functions that find their session in the user pointer.
// A failing callback ends the whole connection: only those for header fields and their frames may.

extension Session {
  /// Made once and never changed or freed, so sharing it is safe.
  nonisolated(unsafe) static let callbacks: OpaquePointer? = {
    var table: OpaquePointer?
    guard unsafe nghttp2_session_callbacks_new(&table) == 0 else { return nil }
    unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(table, onBeginFrame)
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(table, onBeginHeaders)
    unsafe nghttp2_session_callbacks_set_on_header_callback(table, onHeader)
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table, onFrame)
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, onInvalidFrame)
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, onData)
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(table, onStreamClose)
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(table, onFrameSent)
    unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(table, onFrameNotSent)
    unsafe nghttp2_session_callbacks_set_send_data_callback(table, onSendData)
    return unsafe table
  }()
}

private typealias Frame = UnsafePointer<nghttp2_frame>
private typealias User = UnsafeMutableRawPointer

private func withSession(_ user: User?, _ body: (Session) -> Void) {
  guard let user = unsafe user else { return }
  unsafe Unmanaged<Session>.fromOpaque(user)._withUnsafeGuaranteedRef { body($0) }
}

private func onBeginFrame(
  _: OpaquePointer?, _ head: UnsafePointer<nghttp2_frame_hd>?, _ user: User?
) -> Int32 {
  guard let head = unsafe head?.pointee else { return 0 }
  var goesOn = true
  unsafe withSession(user) { goesOn = $0.beganFrame(head) }
  return goesOn ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
}

private func onBeginHeaders(_: OpaquePointer?, _ frame: Frame?, _ user: User?) -> Int32 {
  guard let head = unsafe frame?.pointee.hd else { return 0 }
  unsafe withSession(user) { $0.keptBlock(head) }
  return 0
}

private func onHeader(
  _: OpaquePointer?, _: Frame?, _ name: UnsafePointer<UInt8>?, _ nameLength: Int,
  _ value: UnsafePointer<UInt8>?, _ valueLength: Int, _: UInt8, _ user: User?
) -> Int32 {
  var goesOn = true
  unsafe withSession(user) { session in
    goesOn = unsafe session.receivedField(
      UnsafeRawBufferPointer(start: name, count: nameLength),
      UnsafeRawBufferPointer(start: value, count: valueLength))
  }
  return goesOn ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
}

private func onFrame(_: OpaquePointer?, _ frame: Frame?, _ user: User?) -> Int32 {
  guard let frame = unsafe frame else { return 0 }
  unsafe withSession(user) { session in unsafe session.received(frame) }
  return 0
}

private func onInvalidFrame(
  _: OpaquePointer?, _ frame: Frame?, _ code: Int32, _ user: User?
) -> Int32 {
  guard let head = unsafe frame?.pointee.hd, head.type == UInt8(NGHTTP2_HEADERS.rawValue)
  else { return 0 }
  unsafe withSession(user) { session in
    session.ignoreBlock(head)
    if code == NGHTTP2_ERR_REFUSED_STREAM.rawValue {
      unsafe session.delegate.sessionRefusedStream()
    }
  }
  return 0
}

private func onData(
  _: OpaquePointer?, _: UInt8, _ id: Int32, _ data: UnsafePointer<UInt8>?, _ count: Int,
  _ user: User?
) -> Int32 {
  unsafe withSession(user) { session in
    if let stream = session.stream(id), let handler = unsafe stream.handler {
      unsafe handler.streamReceived(UnsafeRawBufferPointer(start: data, count: count))
    } else {
      session.consumeOnConnection(count)
    }
  }
  return 0
}

private func onStreamClose(
  _: OpaquePointer?, _ id: Int32, _ code: UInt32, _ user: User?
) -> Int32 {
  unsafe withSession(user) { $0.closeStream(id, ErrorCode(rawValue: code)) }
  return 0
}

private func onFrameSent(_: OpaquePointer?, _ frame: Frame?, _ user: User?) -> Int32 {
  guard let frame = unsafe frame else { return 0 }
  unsafe withSession(user) { session in unsafe session.sent(frame) }
  return 0
}

private func onFrameNotSent(
  _: OpaquePointer?, _ frame: Frame?, _: Int32, _ user: User?
) -> Int32 {
  guard let frame = unsafe frame else { return 0 }
  unsafe withSession(user) { session in unsafe session.notSent(frame) }
  return 0
}

/// Says how much of a stream's body the next DATA frame takes; the bytes follow in `onSendData`.
func onReadBody(
  _: OpaquePointer?, _: Int32, _: UnsafeMutablePointer<UInt8>?, _ limit: Int,
  _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
  _: UnsafeMutableRawPointer?
) -> Int {
  guard let pointer = unsafe source?.pointee.ptr, let flags = unsafe flags else {
    return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }
  return unsafe Unmanaged<Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
    guard let handler = unsafe stream.handler else {
      return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    let noCopy = UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
    let end = UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
    switch handler.streamBody(limit: limit) {
    case .pending:
      unsafe stream.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    case .bytes(let count):
      unsafe flags.pointee |= noCopy
      return count
    case .end(let count):
      unsafe stream.localEnded = true
      unsafe flags.pointee |= noCopy | end
      return count
    case .trailers(let count):
      unsafe stream.localEnded = true
      let open = UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
      unsafe flags.pointee |= noCopy | end | open
      return count
    }
  }
}

/// Writes one DATA frame straight behind the output gathered so far.
private func onSendData(
  _: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?,
  _ head: UnsafePointer<UInt8>?, _ count: Int,
  _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ user: User?
) -> Int32 {
  guard let pointer = unsafe source?.pointee.ptr, let head = unsafe head else {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
  }
  unsafe withSession(user) { session in
    guard let output = unsafe session.output else { return }
    let total = Session.frameHeadSize + count
    let target = unsafe output.pointee.reserve(total)
    unsafe target.copyMemory(
      from: UnsafeRawBufferPointer(start: head, count: Session.frameHeadSize))
    if count > 0 {
      let body = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[Session.frameHeadSize..<total])
      unsafe Unmanaged<Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
        unsafe stream.handler?.streamCopyBody(to: body)
      }
    }
    unsafe output.pointee.commit(total)
  }
  return 0
}
