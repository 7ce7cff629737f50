/// What a session announces and how much it takes from its peer.
package struct SessionOptions: Sendable {
  /// SETTINGS_MAX_CONCURRENT_STREAMS: streams the peer may have open at once.
  package var maxConcurrentStreams: UInt32 = 256
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes the peer may send on one stream before we consume them.
  package var streamWindow: Int32 = 1 << 20
  /// Bytes the peer may send on all streams together before we consume them.
  package var connectionWindow: Int32 = 16 << 20
  /// SETTINGS_MAX_HEADER_LIST_SIZE: sum over one block of what `HeaderBlock.fieldSize` says.
  package var maxHeaderListSize: Int = 16 << 10
  /// Most `Session.excessHeaderSize`; past it `Session.receive` throws before it decodes the rest.
  package var maxExcessHeaderSize: Int = 1 << 20
  /// SETTINGS_MAX_FRAME_SIZE (16,384…16,777,215).
  package var maxFrameSize: UInt32 = 16 << 10
  /// CONTINUATION frames accepted behind one HEADERS frame.
  package var maxContinuations: Int = 8
  /// Unanswered PING and SETTINGS frames of a peer that sends but does not read.
  package var maxOutboundAcks: Int = 1_000
  /// A request header that differs from request to request, kept apart in `HeaderBlock.apart`.
  package var apartName: StaticString?

  package init() {}
}
