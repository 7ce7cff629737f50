internal import Messages
internal import Synchronization

/// One direction of a call within the process: messages in, the same messages out, never encoded.
/// They count by the bytes that they would take on the wire.
///
/// Whoever writes is told to wait above the high watermark and goes on below half of it, as on the
/// wire. Waiters are resumed with no lock held.
final class LocalPipe: InboundMessages, OutboundMessages, Sendable {
  private struct State: ~Copyable {
    var queue = MessageList()
    /// No message comes any more: how the sender ended. What is queued can still be read.
    var outcome: Status?
    /// The call broke: nothing can be read or written.
    var failure: Status?
    var arrivals = Waiters()
    var drains = Waiters()
    var traffic = EndedCall.Traffic()
    /// Bytes of the message that the reader has, where they still count.
    var held = 0
  }

  private let state = Mutex(State())
  private let budget: MemoryBudget
  private let messageSize: Int
  private let highWatermark: Int
  private let holdsMessages: Bool

  /// - Parameters:
  ///   - messageSize: bytes of one message at most.
  ///   - highWatermark: queued bytes above which the sender waits.
  ///   - holdsMessages: whether a message that was polled counts until the next one, or `release`.
  init(budget: MemoryBudget, messageSize: Int, highWatermark: Int, holdsMessages: Bool = false) {
    self.holdsMessages = holdsMessages
    self.budget = budget
    self.messageSize = messageSize
    self.highWatermark = highWatermark
  }

  /// What was never read goes with the call.
  deinit { state.withLock { budget.giveBack($0.queue.count + $0.held) } }

  /// Messages that were sent.
  var traffic: EndedCall.Traffic { state.withLock { $0.traffic } }
  /// How the sender ended; nil before.
  var outcome: Status? { state.withLock { $0.failure ?? $0.outcome } }

  // MARK: The reader

  func poll(_ body: (Payload) throws -> Void) throws -> Arrival {
    let (message, arrival, drains) = try state.withLock { state in
      let before = state.queue.count
      guard let message = state.queue.popFirst() else {
        if let failure = state.failure { throw failure }
        if let outcome = state.outcome, outcome.code != .ok { throw outcome }
        return ((any Message)?.none, state.outcome == nil ? Arrival.pending : .end, Waiters())
      }
      let count = before - state.queue.count
      budget.giveBack(holdsMessages ? state.held : count)
      if holdsMessages { state.held = count }
      let isLow = !state.drains.isEmpty && state.queue.count <= highWatermark / 2
      return (message, .message, isLow ? state.drains.takeAll() : Waiters())
    }
    drains.resume()
    if let message { unsafe try body(.whole(message)) }
    return arrival
  }

  /// The reader is done with what it has.
  func release() {
    let held = state.withLock { state in
      defer { state.held = 0 }
      return state.held
    }
    budget.giveBack(held)
  }

  func arrival() async throws {
    let number = state.withLock { $0.arrivals.makeNumber() }
    try await unsafe Waiters.wait { continuation in
      state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if !state.queue.isEmpty || state.outcome != nil { return .success(()) }
        return unsafe state.arrivals.add(continuation, number)
      }
    } cancelled: {
      unsafe state.withLock { unsafe $0.arrivals.remove(number) }
    }
  }

  // MARK: The writer

  func send(_ message: some Message) throws -> Bool {
    let size = message.encodedSize
    let (isBelow, arrivals) = try state.withLock { state in
      if let failure = state.failure { throw failure }
      guard state.outcome == nil else { throw Status(.cancelled, "the call has ended") }
      guard size <= messageSize else { throw Framing.oversized(size, limit: messageSize) }
      let before = state.queue.count
      state.queue.append(message, size: size)
      budget.take(state.queue.count - before)
      state.traffic.messages += 1
      state.traffic.bytes += size
      return (state.queue.count <= highWatermark && !budget.isExceeded, state.arrivals.takeAll())
    }
    arrivals.resume()
    return isBelow
  }

  func drained() async throws {
    let number = state.withLock { $0.drains.makeNumber() }
    try await unsafe Waiters.wait { continuation in
      state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if state.queue.count <= highWatermark / 2 { return .success(()) }
        return unsafe state.drains.add(continuation, number)
      }
    } cancelled: {
      unsafe state.withLock { unsafe $0.drains.remove(number) }
    }
  }

  // MARK: Ends

  /// No more messages come; what is queued can still be read.
  func finish(_ outcome: Status) {
    let arrivals = state.withLock { state in
      guard state.failure == nil, state.outcome == nil else { return Waiters() }
      state.outcome = outcome
      return state.arrivals.takeAll()
    }
    arrivals.resume()
  }

  /// Drops what is queued; whoever waits or comes later gets `status`.
  func fail(_ status: Status) {
    let (arrivals, drains) = state.withLock { state in
      guard state.failure == nil else { return (Waiters(), Waiters()) }
      state.failure = status
      budget.giveBack(state.queue.count)
      state.queue.removeAll()
      return (state.arrivals.takeAll(), state.drains.takeAll())
    }
    if !arrivals.isEmpty { arrivals.resume(throwing: status) }
    if !drains.isEmpty { drains.resume(throwing: status) }
  }
}
