internal import Messages
internal import Synchronization

/// One direction of a call within the process: whole messages in, the same messages out.
///
/// Whoever writes is told to wait above the high watermark and goes on below half of it, as on the
/// wire. Waiters are resumed with no lock held.
final class LocalPipe: InboundMessages, OutboundMessages, Sendable {
  private struct State: ~Copyable {
    var queue: MessageQueue
    /// No message comes any more: how the sender ended. What is queued can still be read.
    var outcome: Status?
    /// The call broke: nothing can be read or written.
    var failure: Status?
    var arrivals = Waiters()
    var drains = Waiters()
    var traffic = EndedCall.Traffic()
  }

  private let state: Mutex<State>
  private let budget: MemoryBudget
  private let messageSize: Int
  private let highWatermark: Int

  /// - Parameters:
  ///   - messageSize: bytes of one message at most.
  ///   - highWatermark: queued bytes above which the sender waits.
  init(budget: MemoryBudget, messageSize: Int, highWatermark: Int) {
    self.budget = budget
    self.messageSize = messageSize
    self.highWatermark = highWatermark
    state = Mutex(State(queue: MessageQueue(sizeLimit: messageSize)))
  }

  /// What was never read goes with the call.
  deinit { state.withLock { budget.giveBack($0.queue.count) } }

  /// Messages that were sent.
  var traffic: EndedCall.Traffic { state.withLock { $0.traffic } }
  /// How the sender ended; nil before.
  var outcome: Status? { state.withLock { $0.failure ?? $0.outcome } }

  // MARK: The reader

  /// `body` runs under the pipe's lock and must not use the call.
  func poll(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Arrival {
    let (arrival, drains) = try state.withLock { state in
      let before = state.queue.count
      // A message whose decoding throws is gone all the same.
      defer { budget.giveBack(before - state.queue.count) }
      guard unsafe try state.queue.poll(body) != nil else {
        if let failure = state.failure { throw failure }
        guard let outcome = state.outcome else { return (Arrival.pending, Waiters()) }
        if outcome.code != .ok { throw outcome }
        return (.end, Waiters())
      }
      guard !state.drains.isEmpty, state.queue.count <= highWatermark / 2 else {
        return (.message, Waiters())
      }
      return (.message, state.drains.takeAll())
    }
    drains.resume()
    return arrival
  }

  func arrival() async throws {
    let number = state.withLock { $0.arrivals.makeNumber() }
    try await unsafe Waiters.wait { continuation in
      state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if state.queue.ready > 0 || state.outcome != nil { return .success(()) }
        return unsafe state.arrivals.add(continuation, number)
      }
    } cancelled: {
      unsafe state.withLock { unsafe $0.arrivals.remove(number) }
    }
  }

  // MARK: The writer

  func send(_ encode: ((Int) -> UnsafeMutableRawBufferPointer) -> Void) throws -> Bool {
    let (isBelow, arrivals) = try state.withLock { state in
      if let failure = state.failure { throw failure }
      guard state.outcome == nil else { throw Status(.cancelled, "the call has ended") }
      let before = state.queue.count
      let oversized = unsafe append(encode, to: &state)
      if let oversized { throw Framing.oversized(oversized, limit: messageSize) }
      let added = state.queue.count - before
      budget.take(added)
      state.traffic.messages += 1
      state.traffic.bytes += added - Framing.prefixSize
      return (state.queue.count <= highWatermark && !budget.isExceeded, state.arrivals.takeAll())
    }
    arrivals.resume()
    return isBelow
  }

  /// - Returns: the size of a message that was too large, and therefore dropped.
  private func append(
    _ encode: ((Int) -> UnsafeMutableRawBufferPointer) -> Void, to state: inout State
  ) -> Int? {
    var dropped = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    defer { unsafe dropped.deallocate() }
    unsafe encode { size in
      guard size > messageSize else { return unsafe state.queue.append(size: size) }
      unsafe dropped = .allocate(byteCount: size, alignment: 1)
      return unsafe dropped
    }
    return unsafe dropped.isEmpty ? nil : dropped.count
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
