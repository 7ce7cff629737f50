internal import Bytes
internal import EventLoop

/// Where a handler writes an answer's body while it makes it. Back-pressure: `send` returns once
/// the bytes are queued and the queue is below its watermark, so a slow reader slows the handler.
struct BodyWriter: Sendable {
  let queue: Channel<[UInt8]>
  let exchange: LoopBound<Exchange>

  /// - Throws: `CancellationError` when the client is gone.
  func send(_ bytes: [UInt8]) async throws {
    guard !bytes.isEmpty else { return }
    while true {
      let result = queue.send(bytes)
      if result == .closed { throw CancellationError() }
      if result != .full { wake() }
      if result == .accepted { return }
      guard try await queue.writable() else { throw CancellationError() }
      if result == .paused { return }
    }
  }

  private func wake() {
    if exchange.loop.isCurrent { return exchange.value.fed() }
    let exchange = exchange
    exchange.loop.execute { exchange.value.fed() }
  }
}

/// The library's side of a body that is written while it is made. On its loop only.
final class BodySource {
  /// What the library finds when it asks for bytes.
  enum Portion: Equatable {
    case bytes(Int)
    case dry
    case end
    /// The body is cut off: the client must not take it for whole.
    case cutOff
  }

  let queue: Channel<[UInt8]>
  private var current: ArraySlice<UInt8> = []
  private var isEnded = false
  private var isCutOff = false

  init(queueLimit: Int) {
    queue = Channel(low: queueLimit / 2, high: queueLimit)
  }

  /// Nothing more will be written.
  func end(cutOff: Bool) {
    isEnded = true
    isCutOff = cutOff
  }

  /// Nobody reads any more: writers are told.
  func abandon() { queue.cancel() }

  /// Copies what is queued, as much as fits.
  func read(into target: UnsafeMutableRawBufferPointer) -> Portion {
    var filled = 0
    while filled < target.count {
      if current.isEmpty {
        guard let next = queue.poll() else { break }
        current = next[...]
      }
      let count = min(current.count, target.count - filled)
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + count])
        .copyBytes(from: current.prefix(count))
      current.removeFirst(count)
      filled += count
    }
    if filled > 0 { return .bytes(filled) }
    if isEnded { return isCutOff ? .cutOff : .end }
    return .dry
  }
}
