internal import CNghttp2
internal import Glibc

// Events of whole frames, received and sent.

extension Session {
  /// Bytes of a frame before its payload (RFC 9113, section 4.1).
  static let frameHeadSize = 9
  private static let endStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
  private static let endHeaders = UInt8(NGHTTP2_FLAG_END_HEADERS.rawValue)
  private static let acknowledgement = UInt8(NGHTTP2_FLAG_ACK.rawValue)

  /// A frame begins. The library tells no CONTINUATION of a block that it ignores.
  ///
  /// - Returns: false where a block has more parts than it may.
  func beganFrame(_ head: nghttp2_frame_hd) -> Bool {
    if head.type == UInt8(NGHTTP2_CONTINUATION.rawValue) {
      unsafe continuations += 1
      return unsafe continuations <= options.maxContinuations
    }
    // Nothing but CONTINUATION may stand within a block.
    if unsafe progress == .ignored {
      unsafe ignoredBlockEnded = true
      unsafe progress = .none
    }
    guard head.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return true }
    unsafe blocksBegun &+= 1
    unsafe continuations = 0
    // Counts as ignored until `keptBlock` says otherwise: of those that are, nothing more is told.
    unsafe excessHeaderSize += Self.estimatedListSize(ofBytes: head.length)
    ignoreBlock(head)
    return true
  }

  func keptBlock(_ head: nghttp2_frame_hd) {
    unsafe block.reset()
    unsafe progress = .kept
    unsafe excessHeaderSize -= Self.estimatedListSize(ofBytes: head.length)
  }

  /// What may still come of the block counts for nothing.
  func ignoreBlock(_ head: nghttp2_frame_hd) {
    unsafe progress = head.flags & Self.endHeaders != 0 ? .none : .ignored
  }

  /// Counts so many bytes if CONTINUATION of ignored blocks may be among them.
  func countIgnored(bytes: Int) {
    guard unsafe ignoredBlockEnded || progress == .ignored else { return }
    unsafe ignoredBlockEnded = false
    unsafe excessHeaderSize += Self.estimatedListSize(ofBytes: bytes)
  }

  /// What ignored bytes count: between a byte of a literal (1) and one that stands for a field (33;
  /// RFC 7541, section 6.1), nearer to the literal, as an honest client's are.
  private static func estimatedListSize(ofBytes bytes: Int) -> Int { 4 * bytes }

  /// - Returns: false where the peer sends so much over the limit that it is not worth decoding.
  func receivedField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    let size = HeaderBlock.fieldSize(name.count + value.count)
    let limit = options.maxHeaderListSize
    guard unsafe block.admits(size, limit: limit) else {
      unsafe excessHeaderSize += min(size, block.listSize - limit)
      return unsafe excessHeaderSize <= options.maxExcessHeaderSize
    }
    if name.count == apartLength, let apartName = unsafe apartName,
      let base = name.baseAddress, unsafe memcmp(base, apartName, name.count) == 0
    {
      unsafe block.setApart(value)
    } else {
      unsafe block.append(name: name, value: value)
    }
    return true
  }

  func received(_ frame: UnsafePointer<nghttp2_frame>) {
    let head = unsafe frame.pointee.hd
    switch UInt32(head.type) {
    case NGHTTP2_HEADERS.rawValue:
      unsafe progress = .none
      unsafe receivedHeaders(frame, end: head.flags & Self.endStream != 0)
    case NGHTTP2_DATA.rawValue:
      if head.flags & Self.endStream != 0 {
        if let stream = stream(head.stream_id) { receivedEnd(stream) }
      } else if unsafe head.length == frame.pointee.data.padlen {
        // Padding alone, its length's byte included, is as empty as nothing.
        unsafe emptyDataFrames += 1
      }
    case NGHTTP2_RST_STREAM.rawValue:
      if let stream = stream(head.stream_id) {
        let code = unsafe ErrorCode(rawValue: frame.pointee.rst_stream.error_code)
        unsafe delegate.sessionReceivedReset(stream, code: code)
      }
    case NGHTTP2_SETTINGS.rawValue:
      if head.flags & Self.acknowledgement == 0 {
        unsafe delegate.sessionReceivedSettings()
      } else {
        unsafe delegate.sessionReceivedSettingsAck()
      }
    case NGHTTP2_PING.rawValue:
      if head.flags & Self.acknowledgement != 0 { unsafe receivedPingAck(frame) }
    case NGHTTP2_GOAWAY.rawValue:
      unsafe receivedGoAway(frame)
    default:
      break
    }
  }

  private func receivedHeaders(_ frame: UnsafePointer<nghttp2_frame>, end: Bool) {
    let id = unsafe frame.pointee.hd.stream_id
    if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
      guard role == .server, let library = unsafe library else { return }
      let stream = makeStream(id: id)
      let pointer = unsafe Unmanaged.passUnretained(stream).toOpaque()
      guard unsafe nghttp2_session_set_stream_user_data(library, id, pointer) == 0 else {
        forget(stream)
        return
      }
      unsafe stream.headReceived = true
      unsafe delegate.sessionOpened(stream, head: block, end: end)
      if end { receivedEnd(stream) }
      return
    }
    guard let stream = stream(id) else { return }
    if unsafe stream.headReceived {
      // RFC 9113, section 8.1: a field section behind the body ends the stream.
      guard end else { return reset(stream, .protocolError) }
      unsafe stream.handler?.streamReceivedTrailers(block)
      receivedEnd(stream)
    } else if unsafe !block.isInformational {
      unsafe stream.headReceived = true
      if end { unsafe stream.remoteEnded = true }
      unsafe stream.handler?.streamReceivedHead(block, end: end)
      if end { unsafe stream.handler?.streamReceivedEnd() }
    }
  }

  private func receivedEnd(_ stream: Stream) {
    unsafe stream.remoteEnded = true
    unsafe stream.handler?.streamReceivedEnd()
  }

  private func receivedPingAck(_ frame: UnsafePointer<nghttp2_frame>) {
    let payload = unsafe frame.pointee.ping.opaque_data
    let number = unsafe withUnsafeBytes(of: payload) { unsafe $0.loadUnaligned(as: UInt64.self) }
    unsafe delegate.sessionReceivedPingAck(number)
  }

  private func receivedGoAway(_ frame: UnsafePointer<nghttp2_frame>) {
    let goAway = unsafe frame.pointee.goaway
    let debug = unsafe UnsafeBufferPointer(
      start: goAway.opaque_data, count: min(goAway.opaque_data_len, 256))
    unsafe delegate.sessionReceivedGoAway(
      lastStream: goAway.last_stream_id, code: ErrorCode(rawValue: goAway.error_code),
      debug: String(decoding: debug, as: UTF8.self))
  }

  /// A response that ended before its request tells the peer to stop sending. Not earlier: a
  /// queued RST_STREAM would cancel the trailers behind which it belongs. NO_ERROR even where the
  /// call failed: gRPC's C core takes the status of any other code over that of the trailers.
  func sent(_ frame: UnsafePointer<nghttp2_frame>) {
    let head = unsafe frame.pointee.hd
    guard role == .server, head.flags & Self.endStream != 0,
      head.type == UInt8(NGHTTP2_HEADERS.rawValue) || head.type == UInt8(NGHTTP2_DATA.rawValue),
      let stream = stream(head.stream_id), unsafe !stream.remoteEnded
    else { return }
    reset(stream, .noError)
  }

  /// The library dropped a frame, for instance headers over its size limit: the peer would wait
  /// for ever.
  func notSent(_ frame: UnsafePointer<nghttp2_frame>) {
    let head = unsafe frame.pointee.hd
    guard head.type == UInt8(NGHTTP2_HEADERS.rawValue), let stream = stream(head.stream_id),
      unsafe stream.isOpen
    else { return }
    reset(stream, .internalError)
  }

  func consumeOnConnection(_ count: Int) {
    guard let library = unsafe library else { return }
    _ = unsafe nghttp2_session_consume_connection(library, count)
  }
}

extension HeaderBlock {
  /// Whether `:status` is 1xx: another head will follow.
  fileprivate var isInformational: Bool {
    guard count > 0 else { return false }
    let first = self[0]
    return unsafe first.isNamed(":status") && first.value.first == UInt8(ascii: "1")
  }
}
