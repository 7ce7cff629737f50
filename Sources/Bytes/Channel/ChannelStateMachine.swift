// The rules of a bounded channel without its lock and its continuations, which come in as opaque
// `Consumer` and `Producer` tokens and go out in actions for the storage to resume.
//
//            send, next, writable
//            ┌────┐
//            ▼    │  finish/fail            queue read to its end
//          ┌────────┐ ─────────▶ ┌──────────┐ ─────────▶ ┌────────┐
//          │  open  │            │ finished │            │ closed │
//          └────────┘            └──────────┘            └────────┘
//               └──── cancel (drops the queue) ──────────────▲
//
// In `open` the channel is either writable or paused:
//   writable ── a send leaves `high` or more elements ──▶ paused
//   paused ── a read leaves `low` or fewer ──▶ writable, and all waiting producers resume

/// What became of an element handed to a channel.
@usableFromInline package enum SendResult: Sendable, Equatable {
  /// Taken; there is room for more.
  case accepted
  /// Taken, and the channel is now paused: `await writable()` before the next one.
  case paused
  /// Refused: the producer went on in spite of `paused` until the hard limit.
  case full
  /// Refused: the channel has finished or its reader is gone.
  case closed
}

@usableFromInline package struct ChannelStateMachine<Element, Consumer, Producer> {
  @usableFromInline enum State {
    case open
    case finished((any Error)?)
    case closed
  }

  @usableFromInline let low: Int
  @usableFromInline let high: Int
  @usableFromInline let limit: Int
  @usableFromInline var state = State.open
  @usableFromInline var queue = Ring<Element>()
  @usableFromInline var consumer: (id: UInt64, token: Consumer)?
  @usableFromInline var producers: [(id: UInt64, token: Producer)] = []
  @usableFromInline var isHeld = false

  /// Reached `high` and not yet `low` again.
  @inlinable package var isPaused: Bool { isHeld }

  /// - Parameters:
  ///   - low: elements left at which a paused channel becomes writable again.
  ///   - high: elements at which it pauses; more than `low`.
  ///   - limit: elements it never exceeds; at least `high`.
  @inlinable package init(low: Int, high: Int, limit: Int) {
    precondition(low >= 0 && low < high && high <= limit, "a channel needs low < high <= limit")
    self.low = low
    self.high = high
    self.limit = limit
  }

  @inlinable package var count: Int { queue.count }

  // MARK: Producers

  @usableFromInline package enum SendAction {
    case deliver(Element, to: Consumer)
    case queued(SendResult)
    case refused(SendResult)
  }

  @inlinable package mutating func send(_ element: consuming Element) -> SendAction {
    guard case .open = state else { return .refused(.closed) }
    if let waiting = consumer {
      consumer = nil
      return .deliver(element, to: waiting.token)
    }
    guard queue.count < limit else { return .refused(.full) }
    queue.append(element)
    if queue.count >= high { isHeld = true }
    return .queued(isPaused ? .paused : .accepted)
  }

  @usableFromInline package enum WritableAction { case writable, closed, wait }

  /// Whether a producer may go on now; `.wait` asks the caller to come back with `producerWaits`.
  @inlinable package func writable() -> WritableAction {
    guard case .open = state else { return .closed }
    return isPaused ? .wait : .writable
  }

  @inlinable package mutating func producerWaits(id: UInt64, token: Producer) -> WritableAction {
    let action = writable()
    if action == .wait { producers.append((id, token)) }
    return action
  }

  @inlinable package mutating func producerCancelled(id: UInt64) -> Producer? {
    guard let index = producers.firstIndex(where: { $0.id == id }) else { return nil }
    return producers.remove(at: index).token
  }

  // MARK: The consumer

  @usableFromInline package enum NextAction {
    case element(Element, Relief)
    case end((any Error)?)
    case wait
  }

  /// Whether a read made a paused channel writable, and the producers that waited for it.
  @usableFromInline package struct Relief {
    @usableFromInline package var isWritableAgain: Bool
    @usableFromInline package var producers: [Producer]

    @inlinable init(isWritableAgain: Bool = false, producers: [Producer] = []) {
      self.isWritableAgain = isWritableAgain
      self.producers = producers
    }
  }

  /// The next element if it is here; tells nothing about the end.
  @inlinable package mutating func poll() -> (element: Element, relief: Relief)? {
    guard let element = queue.popFirst() else { return nil }
    guard isPaused, queue.count <= low else { return (element, Relief()) }
    isHeld = false
    return (element, Relief(isWritableAgain: isOpen, producers: takeProducers()))
  }

  /// The next element, or the end, once with its error; `.wait` asks the caller to come back with
  /// `consumerWaits`.
  @inlinable package mutating func next() -> NextAction {
    if let (element, relief) = poll() { return .element(element, relief) }
    switch state {
    case .open: return .wait
    case .finished(let error):
      state = .closed
      return .end(error)
    case .closed: return .end(nil)
    }
  }

  @inlinable package mutating func consumerWaits(id: UInt64, token: Consumer) -> NextAction {
    precondition(consumer == nil, "a channel has a single consumer")
    let action = next()
    if case .wait = action { consumer = (id, token) }
    return action
  }

  @inlinable package mutating func consumerCancelled(id: UInt64) -> Consumer? {
    guard let waiting = consumer, waiting.id == id else { return nil }
    consumer = nil
    return waiting.token
  }

  @inlinable var isOpen: Bool {
    if case .open = state { true } else { false }
  }

  @inlinable mutating func takeProducers() -> [Producer] {
    guard !producers.isEmpty else { return [] }
    defer { producers = [] }
    return producers.map(\.token)
  }

  // MARK: The end

  /// Everyone to be told that the channel has ended.
  @usableFromInline package struct Ending {
    @usableFromInline package var consumer: Consumer?
    @usableFromInline package var producers: [Producer]

    @inlinable init(consumer: Consumer? = nil, producers: [Producer] = []) {
      self.consumer = consumer
      self.producers = producers
    }
  }

  /// No more elements will come; those queued can still be read, then `error` or the end.
  @inlinable package mutating func finish(_ error: (any Error)?) -> Ending {
    guard case .open = state else { return Ending() }
    defer { consumer = nil }
    // A waiting consumer takes the end (or the error) with it.
    state = consumer == nil ? .finished(error) : .closed
    isHeld = false
    return Ending(consumer: consumer?.token, producers: takeProducers())
  }

  /// The reader has gone: drops the queue and refuses every further element.
  @inlinable package mutating func cancel() -> Ending {
    if case .closed = state { return Ending() }
    defer { consumer = nil }
    state = .closed
    isHeld = false
    queue.removeAll()
    return Ending(consumer: consumer?.token, producers: takeProducers())
  }
}
