internal import CNghttp2

// How a library session is set up. Every choice is argued in nghttp2's manual and RFC 9113.

extension Session {
  /// Resets are counted by the session's owner; the library's own limit (burst 1000, 33 a second)
  /// ends connections of clients that merely cancel a lot.
  private static let unlimitedResets: UInt64 = 1 << 40

  static func makeLibrarySession(
    role: Role, options: SessionOptions, owner: UnsafeMutableRawPointer, pool: MemoryPool
  ) throws(SessionError) -> OpaquePointer {
    var settings: OpaquePointer?
    guard unsafe nghttp2_option_new(&settings) == 0, let settings = unsafe settings else {
      throw SessionError(.outOfMemory, "no memory for session options")
    }
    defer { unsafe nghttp2_option_del(settings) }
    unsafe nghttp2_option_set_no_auto_window_update(settings, 1)
    // The owner validates heads itself: an empty :authority (Unix sockets) is legal for gRPC.
    unsafe nghttp2_option_set_no_http_messaging(settings, 1)
    unsafe nghttp2_option_set_no_closed_streams(settings, 1)
    unsafe nghttp2_option_set_stream_reset_rate_limit(settings, unlimitedResets, unlimitedResets)
    // Counted in `beganFrame`: the library counts one again with each piece that its head comes in.
    unsafe nghttp2_option_set_max_continuations(settings, .max)
    unsafe nghttp2_option_set_max_outbound_ack(settings, options.maxOutboundAcks)

    var session: OpaquePointer?
    var memory = unsafe pool.callbacks
    let made =
      switch role {
      case .server:
        unsafe nghttp2_session_server_new3(&session, callbacks, owner, settings, &memory)
      case .client:
        unsafe nghttp2_session_client_new3(&session, callbacks, owner, settings, &memory)
      }
    guard made == 0, let session = unsafe session else {
      throw SessionError(library: Int(made), doing: "making a session")
    }
    let begun = unsafe announce(options, role: role, on: session)
    guard begun == 0 else {
      unsafe nghttp2_session_del(session)
      throw SessionError(library: Int(begun), doing: "announcing settings")
    }
    return unsafe session
  }

  private static func announce(
    _ options: SessionOptions, role: Role, on session: OpaquePointer
  ) -> Int32 {
    var entries = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
        value: UInt32(options.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_FRAME_SIZE.rawValue), value: options.maxFrameSize),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(clamping: options.maxHeaderListSize)),
    ]
    switch role {
    case .server:
      entries.append(
        nghttp2_settings_entry(
          settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
          value: options.maxConcurrentStreams))
      entries.append(
        nghttp2_settings_entry(
          settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1))
    case .client:
      entries.append(
        nghttp2_settings_entry(
          settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
    }
    let sent = unsafe nghttp2_submit_settings(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &entries, entries.count)
    guard sent == 0 else { return sent }
    return unsafe nghttp2_session_set_local_window_size(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, options.connectionWindow)
  }
}
