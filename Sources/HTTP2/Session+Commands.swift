internal import CNghttp2

// What a session's user may ask for. Nothing leaves before the next `gather`.

extension Session {
  /// Server role: the response's head; with `body` its DATA comes from the stream's handler,
  /// without it the head ends the stream.
  package func respond(_ stream: Stream, _ headers: Headers, body: Bool) {
    guard let library = unsafe library, unsafe stream.isOpen else { return }
    unsafe stream.hasBody = body
    if !body { unsafe stream.localEnded = true }
    var provider = unsafe bodyProvider(of: stream)
    let result = unsafe headers.withFields { fields in
      guard body else {
        return unsafe nghttp2_submit_response(
          library, stream.id, fields.baseAddress, fields.count, nil)
      }
      return unsafe nghttp2_submit_response(
        library, stream.id, fields.baseAddress, fields.count, &provider)
    }
    if result != 0 { reset(stream, .internalError) }
  }

  /// Client role: opens a stream whose body comes from `handler`.
  package func request(
    _ headers: HeaderList, handler: any StreamHandler
  ) throws(SessionError) -> Stream {
    guard let library = unsafe library else {
      throw SessionError(.refusedCommand, "the session is closed")
    }
    let next = unsafe nghttp2_session_get_next_stream_id(library)
    guard next < UInt32(Int32.max) else {
      throw SessionError(.refusedCommand, "all stream numbers of this connection are used")
    }
    let stream = makeStream(id: Int32(next))
    unsafe stream.handler = handler
    unsafe stream.hasBody = true
    var provider = unsafe bodyProvider(of: stream)
    let id = unsafe headers.withFields { fields in
      unsafe nghttp2_submit_request(
        library, nil, fields.baseAddress, fields.count, &provider,
        Unmanaged.passUnretained(stream).toOpaque())
    }
    guard id == stream.id else {
      unsafe stream.handler = nil
      unsafe stream.isOpen = false
      forget(stream)
      throw SessionError(library: Int(id), doing: "opening a stream")
    }
    return stream
  }

  /// Header fields behind the body. Call it in `streamBody` and answer `.trailers`; called at any
  /// other time it overtakes body that is still queued, which is then never sent.
  package func submitTrailers(_ stream: Stream, _ headers: Headers) {
    guard let library = unsafe library, unsafe stream.isOpen else { return }
    unsafe stream.localEnded = true
    let result = unsafe headers.withFields { fields in
      unsafe nghttp2_submit_trailer(library, stream.id, fields.baseAddress, fields.count)
    }
    if result != 0 { reset(stream, .internalError) }
  }

  /// Tells the library that a body which was `.pending` has more.
  package func resume(_ stream: Stream) {
    guard let library = unsafe library, unsafe stream.isOpen, unsafe stream.isDeferred
    else { return }
    unsafe stream.isDeferred = false
    _ = unsafe nghttp2_session_resume_data(library, stream.id)
  }

  /// Lets a long body take turns with the others of its connection: without this the library
  /// finishes one stream's body before the next one's (RFC 9218, incremental).
  package func takeTurns(_ stream: Stream) {
    guard let library = unsafe library, unsafe stream.isOpen, role == .server else { return }
    var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
    _ = unsafe nghttp2_session_change_extpri_stream_priority(library, stream.id, &priority, 0)
  }

  /// RST_STREAM; drops whatever of the stream is still queued.
  package func reset(_ stream: Stream, _ code: ErrorCode) {
    guard let library = unsafe library, unsafe stream.isOpen else { return }
    _ = unsafe nghttp2_submit_rst_stream(
      library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
  }

  /// Announces a drain without refusing streams that are under way (RFC 9113, section 6.8).
  package func submitShutdownNotice() {
    guard let library = unsafe library else { return }
    _ = unsafe nghttp2_submit_shutdown_notice(library)
  }

  /// GOAWAY with the last stream that was processed: later ones are refused.
  package func submitGoAway(_ code: ErrorCode, debug: String) {
    guard let library = unsafe library else { return }
    var text = debug
    _ = text.withUTF8 { bytes in
      unsafe nghttp2_submit_goaway(
        library, UInt8(NGHTTP2_FLAG_NONE.rawValue),
        nghttp2_session_get_last_proc_stream_id(library), code.rawValue, bytes.baseAddress,
        bytes.count)
    }
  }

  /// GOAWAY, after which the session is finished whatever streams are open.
  package func terminate(_ code: ErrorCode) {
    guard let library = unsafe library else { return }
    _ = unsafe nghttp2_session_terminate_session(library, code.rawValue)
  }

  package func submitPing(_ payload: UInt64) {
    guard let library = unsafe library else { return }
    _ = unsafe withUnsafeBytes(of: payload) { bytes in
      unsafe nghttp2_submit_ping(
        library, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.bindMemory(to: UInt8.self).baseAddress)
    }
  }

  private func bodyProvider(of stream: Stream) -> nghttp2_data_provider {
    unsafe nghttp2_data_provider(
      source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()),
      read_callback: onReadBody)
  }
}
