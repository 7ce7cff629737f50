/// One HTTP/2 stream of a session. Lives on its session's thread; the session owns it until the
/// stream closes, after which `isOpen` is false and commands on it do nothing.
package final class Stream {
  package let id: Int32
  /// Receives the stream's events; released when the stream closes.
  @exclusivity(unchecked) package var handler: (any StreamHandler)?
  @exclusivity(unchecked) package internal(set) var isOpen = true
  /// The head came in; later header blocks are trailers.
  @exclusivity(unchecked) var headReceived = false
  /// END_STREAM came in.
  @exclusivity(unchecked) package internal(set) var remoteEnded = false
  /// END_STREAM went into the queue.
  @exclusivity(unchecked) package internal(set) var localEnded = false
  /// A body was announced, so the library holds a data source for this stream.
  @exclusivity(unchecked) var hasBody = false
  /// The data source answered `.pending` and waits for `resume`.
  @exclusivity(unchecked) var isDeferred = false
  /// Where the session keeps it.
  let slot: Int

  init(id: Int32, slot: Int) {
    self.id = id
    self.slot = slot
  }
}
