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
package enum SendResult: Sendable, Equatable {
  /// Taken; there is room for more.
  case accepted
  /// Taken, and the channel is now paused: `await writable()` before the next one.
  case paused
  /// Refused: the producer went on in spite of `paused` until the hard limit.
  case full
  /// Refused: the channel has finished or its reader is gone.
  case closed
}

package struct ChannelStateMachine<Element, Consumer, Producer> {
  private enum State {
    case open
    case finished((any Error)?)
    case closed
  }

  private let low: Int
  private let high: Int
  private let limit: Int
  private var state = State.open
  private var queue = Ring<Element>()
  private var consumer: (id: UInt64, token: Consumer)?
  private var producers: [(id: UInt64, token: Producer)] = []
  package private(set) var isPaused = false

  /// - Parameters:
  ///   - low: elements left at which a paused channel becomes writable again.
  ///   - high: elements at which it pauses; more than `low`.
  ///   - limit: elements it never exceeds; at least `high`.
  package init(low: Int, high: Int, limit: Int) {
    precondition(low >= 0 && low < high && high <= limit, "a channel needs low < high <= limit")
    self.low = low
    self.high = high
    self.limit = limit
  }

  package var count: Int { queue.count }

  // MARK: Producers

  package enum SendAction {
    case deliver(Element, to: Consumer)
    case queued(SendResult)
    case refused(SendResult)
  }

  package mutating func send(_ element: consuming Element) -> SendAction {
    guard case .open = state else { return .refused(.closed) }
    if let waiting = consumer {
      consumer = nil
      return .deliver(element, to: waiting.token)
    }
    guard queue.count < limit else { return .refused(.full) }
    queue.append(element)
    if queue.count >= high { isPaused = true }
    return .queued(isPaused ? .paused : .accepted)
  }

  package enum WritableAction { case writable, closed, wait }

  /// Whether a producer may go on now; `.wait` asks the caller to come back with `producerWaits`.
  package func writable() -> WritableAction {
    guard case .open = state else { return .closed }
    return isPaused ? .wait : .writable
  }

  package mutating func producerWaits(id: UInt64, token: Producer) -> WritableAction {
    let action = writable()
    if action == .wait { producers.append((id, token)) }
    return action
  }

  package mutating func producerCancelled(id: UInt64) -> Producer? {
    guard let index = producers.firstIndex(where: { $0.id == id }) else { return nil }
    return producers.remove(at: index).token
  }

  // MARK: The consumer

  package enum NextAction {
    case element(Element, Relief)
    case end((any Error)?)
    case wait
  }

  /// Whether a read made a paused channel writable, and the producers that waited for it.
  package struct Relief {
    package var isWritableAgain = false
    package var producers: [Producer] = []
  }

  /// The next element if it is here; tells nothing about the end.
  package mutating func poll() -> (element: Element, relief: Relief)? {
    guard let element = queue.popFirst() else { return nil }
    guard isPaused, queue.count <= low else { return (element, Relief()) }
    isPaused = false
    return (element, Relief(isWritableAgain: isOpen, producers: takeProducers()))
  }

  /// The next element, or the end, once with its error; `.wait` asks the caller to come back with
  /// `consumerWaits`.
  package mutating func next() -> NextAction {
    if let (element, relief) = poll() { return .element(element, relief) }
    switch state {
    case .open: return .wait
    case .finished(let error):
      state = .closed
      return .end(error)
    case .closed: return .end(nil)
    }
  }

  package mutating func consumerWaits(id: UInt64, token: Consumer) -> NextAction {
    precondition(consumer == nil, "a channel has a single consumer")
    let action = next()
    if case .wait = action { consumer = (id, token) }
    return action
  }

  package mutating func consumerCancelled(id: UInt64) -> Consumer? {
    guard let waiting = consumer, waiting.id == id else { return nil }
    consumer = nil
    return waiting.token
  }

  private var isOpen: Bool {
    if case .open = state { true } else { false }
  }

  private mutating func takeProducers() -> [Producer] {
    guard !producers.isEmpty else { return [] }
    defer { producers = [] }
    return producers.map(\.token)
  }

  // MARK: The end

  /// Everyone to be told that the channel has ended.
  package struct Ending {
    package var consumer: Consumer?
    package var producers: [Producer] = []
  }

  /// No more elements will come; those queued can still be read, then `error` or the end.
  package mutating func finish(_ error: (any Error)?) -> Ending {
    guard case .open = state else { return Ending() }
    defer { consumer = nil }
    // A waiting consumer takes the end (or the error) with it.
    state = consumer == nil ? .finished(error) : .closed
    isPaused = false
    return Ending(consumer: consumer?.token, producers: takeProducers())
  }

  /// The reader has gone: drops the queue and refuses every further element.
  package mutating func cancel() -> Ending {
    if case .closed = state { return Ending() }
    defer { consumer = nil }
    state = .closed
    isPaused = false
    queue.removeAll()
    return Ending(consumer: consumer?.token, producers: takeProducers())
  }
}
