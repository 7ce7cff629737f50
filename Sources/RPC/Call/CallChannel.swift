internal import Bytes
internal import EventLoop
internal import HTTP2
internal import Messages
internal import Synchronization

//        handler's tasks (any thread)              │            the connection's loop
//                                                  │
//   poll, arrival <── inbound: MessageQueue  <─────┼───── receive, receiveEnd  <── DATA
//   send, drained ──> outbound: ByteBuffer   ──────┼────> body, copyBody       ──> DATA
//                                                  │
// Both sides meet under one mutex that is held for a copy at most. What the session must be told
// (more to send, window to give back) goes through `owner`, on the loop: at once when the caller
// is there, posted otherwise.

/// What the loop's side of a call does for its channel. On the loop only.
protocol CallChannelOwner: AnyObject {
  /// The body, which had run dry, has bytes again.
  func channelHasBody()
  /// So many received bytes need no longer be held back from the windows.
  func channelFreed(_ count: Int)
  /// The user's side is done with the call: a server's handler ended (nil: well), or a
  /// client's caller gave up.
  func channelEnded(_ failure: Status?)
}

/// One call's messages in both directions, for a server's handler or a client's caller.
final class CallChannel: InboundMessages, OutboundMessages, Sendable {
  struct State: ~Copyable {
    var inbound: MessageQueue
    var inboundEnded = false
    var outbound = ByteBuffer()
    /// No more messages may be sent.
    var outboundEnded = false
    /// Ends the body, once `outbound` is empty.
    var ending: Ending?
    /// The session was told that there is no body for now.
    var bodyIsDry = true
    /// Why the call broke; buffers are empty then.
    var failure: Status?
    /// How the server ended the call (client side); messages before it can still be read.
    var outcome: Status?
    var arrivals = Waiters()
    var drains = Waiters()
    /// Inbound bytes: arrived, and of those given back to the windows.
    var arrived = 0
    var freed = 0
    /// Outbound bytes that the session has taken.
    var taken = 0
    /// Bytes of the message that the handler has, where they still count.
    var held = 0
    var received = EndedCall.Traffic()
    var sent = EndedCall.Traffic()
  }
  enum Ending: Sendable {
    case endOfStream
    case trailers(Headers)
  }

  let loop: EventLoop
  private let budget: MemoryBudget
  private let highWatermark: Int
  private let holdsMessages: Bool
  let state: Mutex<State>
  /// Set and read on the loop only; nil once the call is over.
  nonisolated(unsafe) var owner: (any CallChannelOwner)?

  /// - Parameter holdsMessages: whether a message that was polled counts until the next one, or
  ///   until the user's side ends: a handler works on it for as long.
  init(
    loop: EventLoop, budget: MemoryBudget, messageSize: Int, sendQueue: Int,
    holdsMessages: Bool = false
  ) {
    self.holdsMessages = holdsMessages
    self.loop = loop
    self.budget = budget
    highWatermark = sendQueue
    state = Mutex(State(inbound: MessageQueue(sizeLimit: messageSize)))
  }

  /// What was neither read nor sent goes with the call.
  deinit {
    state.withLock { state in
      budget.giveBack(state.inbound.count + state.outbound.count + state.held)
      budget.halfSentChanged(by: -state.inbound.partial)
    }
  }

  // MARK: InboundMessages

  /// `body` runs under the channel's lock and must not use the call.
  func poll(_ body: (Payload) throws -> Void) throws -> Arrival {
    let isOnLoop = loop.isCurrent
    let (arrival, freed) = try state.withLock { state in
      let before = state.inbound.count
      // A message whose decoding throws is gone all the same.
      defer {
        if state.inbound.count < before {
          let count = before - state.inbound.count
          budget.giveBack(holdsMessages ? state.held : count)
          if holdsMessages { state.held = count }
        }
      }
      guard let size = unsafe try state.inbound.poll({ unsafe try body(.bytes($0)) }) else {
        if let failure = state.failure { throw failure }
        if let outcome = state.outcome, outcome.code != .ok { throw outcome }
        return (state.inboundEnded ? Arrival.end : .pending, 0)
      }
      state.received.messages += 1
      state.received.bytes += size
      return (.message, isOnLoop ? state.takeFreed() : state.free)
    }
    guard freed > 0 else { return arrival }
    if isOnLoop {
      unsafe owner?.channelFreed(freed)
    } else {
      // Not taken before: the stream may close first, and then gives back what is not.
      loop.execute { [self] in tellOfFreed() }
    }
    return arrival
  }

  func arrival() async throws {
    let number = state.withLock { $0.arrivals.makeNumber() }
    try await unsafe Waiters.wait { continuation in
      state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if state.inbound.ready > 0 || state.inboundEnded { return .success(()) }
        return unsafe state.arrivals.add(continuation, number)
      }
    } cancelled: {
      unsafe state.withLock { unsafe $0.arrivals.remove(number) }
    }
  }

  // MARK: OutboundMessages

  func send(_ message: some Message) throws -> Bool {
    let (isBelow, wasDry) = try state.withLock { state in
      if let failure = state.failure { throw failure }
      guard !state.outboundEnded else { throw state.endedEarly }
      if let excess = budget.doubleExcess { throw excess }
      let before = state.outbound.count
      unsafe message.encode { size in unsafe Framing.append(size: size, to: &state.outbound) }
      let added = state.outbound.count - before
      budget.take(added)
      state.sent.messages += 1
      state.sent.bytes += added - Framing.prefixSize
      let wasDry = state.bodyIsDry
      state.bodyIsDry = false
      return (state.outbound.count <= highWatermark && !budget.isExceeded, wasDry)
    }
    if wasDry { tellOfBody() }
    return isBelow
  }

  func drained() async throws {
    let number = state.withLock { $0.drains.makeNumber() }
    try await unsafe Waiters.wait { continuation in
      state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if state.outcome != nil { return .failure(state.endedEarly) }
        if state.outbound.count <= highWatermark / 2 { return .success(()) }
        return unsafe state.drains.add(continuation, number)
      }
    } cancelled: {
      unsafe state.withLock { unsafe $0.drains.remove(number) }
    }
  }

  // MARK: Ends, from any thread

  /// Ends the body behind what is queued.
  func endBody(_ ending: Ending) {
    let wasDry = state.withLock { state in
      guard state.failure == nil, state.ending == nil else { return false }
      state.outboundEnded = true
      state.ending = ending
      let wasDry = state.bodyIsDry
      state.bodyIsDry = false
      return wasDry
    }
    if wasDry { tellOfBody() }
  }

  /// Tells the owner that this side is done.
  func end(_ failure: Status?) {
    if holdsMessages {
      let held = state.withLock { state in
        defer { state.held = 0 }
        return state.held
      }
      budget.giveBack(held)
    }
    if loop.isCurrent {
      unsafe owner?.channelEnded(failure)
    } else {
      onLoop { $0.channelEnded(failure) }
    }
  }

  /// Messages so far.
  var traffic: (received: EndedCall.Traffic, sent: EndedCall.Traffic) {
    state.withLock { ($0.received, $0.sent) }
  }

  // Each of these says it at once on the loop: only other threads pay for a closure.

  private func tellOfBody() {
    if loop.isCurrent {
      unsafe owner?.channelHasBody()
    } else {
      onLoop { $0.channelHasBody() }
    }
  }

  private func tellOfFreed() {
    guard let owner = unsafe owner else { return }
    let freed = state.withLock { $0.takeFreed() }
    if freed > 0 { owner.channelFreed(freed) }
  }

  private func onLoop(_ body: @escaping @Sendable (any CallChannelOwner) -> Void) {
    loop.execute { [self] in
      if let owner = unsafe owner { body(owner) }
    }
  }

  // MARK: The loop's side

  /// What bytes from the peer led to.
  struct Receipt {
    var messages: Int
    var freed: Int
  }

  /// - Throws: a status that ends the call.
  func receive(_ bytes: UnsafeRawBufferPointer) throws(Status) -> Receipt {
    let (result, waiters) = state.withLock { state -> (Result<Receipt, Status>, Waiters) in
      guard state.failure == nil, !state.inboundEnded else {
        return (.success(Receipt(messages: 0, freed: bytes.count)), Waiters())
      }
      state.arrived += bytes.count
      budget.take(bytes.count)
      if budget.isExceeded, let excess = budget.excess {
        budget.giveBack(bytes.count)
        return (.failure(excess), Waiters())
      }
      let (before, partial) = (state.inbound.ready, state.inbound.partial)
      defer { budget.halfSentChanged(by: state.inbound.partial - partial) }
      do throws(Status) { try unsafe state.inbound.append(bytes) } catch {
        return (.failure(error), Waiters())
      }
      let messages = state.inbound.ready - before
      let waiters = messages > 0 ? state.arrivals.takeAll() : Waiters()
      return (.success(Receipt(messages: messages, freed: state.takeFreed())), waiters)
    }
    waiters.resume()
    return try result.get()
  }

  /// - Returns: whether a message was cut off.
  func receiveEnd() -> Bool {
    let (isCut, waiters) = state.withLock { state in
      state.inboundEnded = true
      return (state.inbound.hasPartial, state.arrivals.takeAll())
    }
    waiters.resume()
    return isCut
  }

  /// Client side: the server has ended the call. Messages that came before can still be read.
  func settle(_ outcome: Status) {
    let (arrivals, drains, error) = state.withLock { state in
      guard state.failure == nil, state.outcome == nil else {
        return (Waiters(), Waiters(), state.endedEarly)
      }
      state.outcome = outcome
      state.inboundEnded = true
      state.outboundEnded = true
      budget.giveBack(state.outbound.count)
      state.outbound.removeAll(keepingCapacity: 0)
      return (state.arrivals.takeAll(), state.drains.takeAll(), state.endedEarly)
    }
    arrivals.resume()
    if !drains.isEmpty { drains.resume(throwing: error) }
  }

  /// Breaks the call: buffers are dropped, and whoever waits or comes later gets `status`.
  ///
  /// - Returns: bytes that need no longer be held back from the windows.
  func fail(_ status: Status) -> Int {
    let (freed, arrivals, drains) = state.withLock { state in
      guard state.failure == nil else { return (0, Waiters(), Waiters()) }
      state.failure = status
      state.outboundEnded = true
      budget.giveBack(state.inbound.count + state.outbound.count)
      budget.halfSentChanged(by: -state.inbound.partial)
      state.inbound.removeAll()
      state.outbound.removeAll(keepingCapacity: 0)
      return (state.takeFreed(), state.arrivals.takeAll(), state.drains.takeAll())
    }
    // Boxing an error costs an allocation, and mostly nobody waits.
    if !arrivals.isEmpty { arrivals.resume(throwing: status) }
    if !drains.isEmpty { drains.resume(throwing: status) }
    return freed
  }

  /// Client side: the stream is gone. What waits to be read is the budget's matter alone from now
  /// on: it must not hold up the connection's other calls.
  ///
  /// - Returns: bytes that need no longer be held back from the connection's window.
  func streamClosed() -> Int {
    state.withLock { state in
      defer { state.freed = state.arrived }
      return state.arrived - state.freed
    }
  }

  /// How much body the session may take now.
  enum Body {
    case dry
    case bytes(Int)
    case last(Int, Ending)
  }

  func body(limit: Int) -> Body {
    state.withLock { state in
      let count = min(limit, state.outbound.count)
      if let ending = state.ending, count == state.outbound.count, state.failure == nil {
        return .last(count, ending)
      }
      guard count > 0 else {
        state.bodyIsDry = true
        return .dry
      }
      return .bytes(count)
    }
  }

  func copyBody(to target: UnsafeMutableRawBufferPointer) {
    let waiters = state.withLock { state in
      let count = min(target.count, state.outbound.count)
      unsafe state.outbound.withUnsafeBytes { bytes in
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
      state.outbound.consume(count)
      state.taken += count
      budget.giveBack(count)
      guard !state.drains.isEmpty, state.outbound.count <= highWatermark / 2 else {
        return Waiters()
      }
      return state.drains.takeAll()
    }
    waiters.resume()
  }

  /// How far the peer has got, for those who see to it that it gets on.
  struct Progress {
    var halfSent: Int
    var arrived: Int
    var unread: Int
    var taken: Int
  }

  var progress: Progress {
    state.withLock {
      Progress(
        halfSent: $0.inbound.partial, arrived: $0.arrived, unread: $0.outbound.count,
        taken: $0.taken)
    }
  }

  var hasBody: Bool { state.withLock { !$0.outbound.isEmpty } }
}

extension CallChannel.State {
  /// What sending into a call that is over throws.
  fileprivate var endedEarly: Status {
    if let outcome, outcome.code != .ok { return outcome }
    return Status(.cancelled, "the call has ended")
  }

  /// Inbound bytes that may go back to the windows now. While no complete message waits,
  /// everything that arrived may, or a message larger than the window could never complete; bytes
  /// behind a message that waits are held back until that one is polled.
  fileprivate var free: Int {
    let held = inbound.ready > 0 ? inbound.count : 0
    return max(0, arrived - held - freed)
  }

  fileprivate mutating func takeFreed() -> Int {
    let free = free
    freed += free
    return free
  }
}
