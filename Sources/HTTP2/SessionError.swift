internal import CNghttp2

/// Why a session cannot go on. The connection is to be closed after what is still queued was sent.
package struct SessionError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// The peer's first bytes are not the HTTP/2 preface.
    case badPreface
    /// The peer broke the protocol or flooded us beyond what may be answered.
    case protocolViolation
    /// The peer sent far more header fields than it was told it may.
    case excessHeaders
    case outOfMemory
    /// A command that the session's or stream's state does not allow.
    case refusedCommand
  }
  package let code: Code
  package let reason: String

  init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The meaning of an nghttp2 error number.
  init(library number: Int, doing what: String) {
    let text = unsafe String(cString: nghttp2_strerror(Int32(truncatingIfNeeded: number)))
    switch Int(number) {
    case Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue):
      self.init(.badPreface, "the peer did not begin with the HTTP/2 preface")
    case Int(NGHTTP2_ERR_NOMEM.rawValue):
      self.init(.outOfMemory, "\(what): \(text)")
    case Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue):
      // Ours: only `onHeader` and `onBeginFrame` fail, and only for that.
      self.init(.excessHeaders, "\(what): header fields far beyond the limit")
    case Int(NGHTTP2_ERR_FLOODED.rawValue):
      self.init(.protocolViolation, "\(what): \(text)")
    default:
      self.init(.refusedCommand, "\(what): \(text)")
    }
  }

  package var description: String { reason }
}
