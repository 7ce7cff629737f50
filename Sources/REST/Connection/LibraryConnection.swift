internal import CMicroHTTPD

/// libmicrohttpd's connection, and what may be asked of it. Valid from its request's line to that
/// request's completion, and on its loop only.
@safe
struct LibraryConnection {
  private let handle: OpaquePointer

  init?(_ handle: OpaquePointer?) {
    guard let handle = unsafe handle else { return nil }
    unsafe self.handle = handle
  }

  /// Bytes of the request line and the header fields.
  var headerSize: Int { unsafe Int(mhd_header_size(handle)) }

  /// Whether nothing of a head was lost to the library's texts, which end at a zero byte.
  func isWhole(_ head: mhd_head) -> Bool { unsafe mhd_is_head_whole(handle, head) != 0 }

  /// Leaves the connection alone; only from one of the library's callbacks.
  func suspend() { unsafe MHD_suspend_connection(handle) }

  /// Looks at it again, in the next run.
  func resume() { unsafe MHD_resume_connection(handle) }

  /// The fields of a request whose head is whole.
  var headers: RequestHeaders {
    var headers = RequestHeaders()
    unsafe withUnsafeMutablePointer(to: &headers) { headers in
      _ = unsafe MHD_get_connection_values_n(handle, .HEADER_KIND, fieldCallback, headers)
    }
    return headers
  }

  /// Hands a response over. A body that is written while it is made comes from `source`.
  ///
  /// - Returns: false if it could not be, for want of memory.
  func queue(_ response: HTTPResponse, _ source: BodySource?, _ exchange: Exchange) -> Bool {
    guard let made = unsafe Self.make(response, source, exchange) else { return false }
    defer { unsafe MHD_destroy_response(made) }
    for header in response.headers {
      // Lent as they are: a string that is passed as a pointer is copied first.
      unsafe header.name.withCString { name in
        unsafe header.value.withCString { value in
          _ = unsafe MHD_add_response_header(made, name, value)
        }
      }
    }
    return unsafe MHD_queue_response(handle, UInt32(response.status), made) == .YES
  }

  private static func make(
    _ response: HTTPResponse, _ source: BodySource?, _ exchange: Exchange
  ) -> OpaquePointer? {
    switch response.body {
    case .stream:
      guard let source else { return nil }
      let context = unsafe Unmanaged.passRetained(BodyContext(source, exchange)).toOpaque()
      let made = unsafe MHD_create_response_from_callback(
        .max, 4096, readerCallback, context, freeCallback)
      if unsafe made == nil { unsafe freeCallback(context) }
      return unsafe made
    case .bytes(let bytes):
      return unsafe bytes.withUnsafeBytes { bytes in
        // Declared as mutable, but only read: the library makes its own copy.
        unsafe MHD_create_response_from_buffer(
          bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
      }
    }
  }
}

private func fieldCallback(
  _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ key: UnsafePointer<CChar>?,
  _ keySize: Int, _ value: UnsafePointer<CChar>?, _ valueSize: Int
) -> MHD_Result {
  guard let context = unsafe context else { return .NO }
  let name = unsafe UnsafeRawBufferPointer(start: key, count: keySize)
  let headers = unsafe context.assumingMemoryBound(to: RequestHeaders.self)
  unsafe headers.pointee.check(name: name)
  guard let header = unsafe RequestHeader(name: name) else { return .YES }
  let bytes = unsafe UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueSize)
  let text = unsafe String(decoding: bytes, as: UTF8.self)
  unsafe headers.pointee.append(header, text)
  return .YES
}

/// A body's source and the exchange that it belongs to, for the library's reader.
private final class BodyContext {
  let source: BodySource
  let exchange: Exchange
  init(_ source: BodySource, _ exchange: Exchange) {
    self.source = source
    self.exchange = exchange
  }
}

private func readerCallback(
  _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ target: UnsafeMutablePointer<CChar>?,
  _ limit: Int
) -> Int {
  guard let context = unsafe context else { return -2 }
  let body = unsafe Unmanaged<BodyContext>.fromOpaque(context).takeUnretainedValue()
  let buffer = unsafe UnsafeMutableRawBufferPointer(start: target, count: limit)
  return switch unsafe body.exchange.read(body.source, into: buffer) {
  case .bytes(let count): count
  case .dry: 0
  // MHD_CONTENT_READER_END_OF_STREAM and …_WITH_ERROR, which are macros with casts.
  case .end: -1
  case .cutOff: -2
  }
}

private func freeCallback(_ context: UnsafeMutableRawPointer?) {
  guard let context = unsafe context else { return }
  unsafe Unmanaged<BodyContext>.fromOpaque(context).release()
}
