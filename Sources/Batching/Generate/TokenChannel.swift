internal import Synchronization

/// The bounded buffer between the scheduler, which must never wait, and one reader, who may.
///
///     open ── send, until full ──▶ stalled (the sequence is paused)
///      ▲                             │
///      └── read down to half: drained ┘        end, fail, finish, cancel ──▶ ended
///
/// A promise is taken out under the lock and resumed after it.
final class TokenChannel: Sendable {
  enum End: Sendable {
    case summary(GenerationSummary)
    case failure(BatchingError)

    /// What the reader is to have thrown at it; nil for an end in order.
    var error: (any Error)? {
      switch self {
      case .summary(let summary): summary.reason == .cancelled ? CancellationError() : nil
      case .failure(let error): error
      }
    }
  }

  private struct State {
    var tokens: [GeneratedToken] = []
    /// The first of `tokens` not read yet.
    var head = 0
    var reader: Promise<GeneratedToken?>?
    var isStalled = false
    var end: End?
    /// The reader has been told of the end.
    var isOver = false
    var read = 0
    var queued: Duration?
    var timeToFirstToken: Duration?
    var unread: Int { tokens.count - head }
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let promptTokens: Int
  private let arrival: ContinuousClock.Instant

  init(capacity: Int, promptTokens: Int, arrival: ContinuousClock.Instant) {
    self.capacity = capacity
    self.promptTokens = promptTokens
    self.arrival = arrival
  }

  // MARK: The scheduler's side

  /// - Returns: whether the buffer is now full, so that the sequence must pause until drained.
  func send(_ token: GeneratedToken, queued: Duration, sinceArrival: Duration) -> Bool {
    let (reader, isFull) = state.withLock { state -> (Promise<GeneratedToken?>?, Bool) in
      if state.end != nil { return (nil, false) }
      if state.timeToFirstToken == nil {
        state.queued = queued
        state.timeToFirstToken = sinceArrival
      }
      if let reader = state.reader.take() {
        state.read += 1
        return (reader, false)
      }
      state.tokens.append(token)
      state.isStalled = state.unread >= capacity
      return (nil, state.isStalled)
    }
    reader?.succeed(token)
    return isFull
  }

  /// No more tokens come; those sent can still be read.
  func end(_ end: End) {
    let reader = state.withLock { state -> Promise<GeneratedToken?>? in
      if state.end != nil { return nil }
      state.end = end
      if state.reader != nil { state.isOver = true }
      return state.reader.take()
    }
    if let reader { Self.resume(reader, end) }
  }

  private static func resume(_ reader: Promise<GeneratedToken?>, _ end: End) {
    if let error = end.error { reader.fail(error) } else { reader.succeed(nil) }
  }

  // MARK: The reader's side

  enum Poll {
    case token(GeneratedToken, drained: Bool)
    case end(End)
    case empty
  }

  func poll() -> Poll {
    state.withLock { Self.poll(&$0, capacity) }
  }

  private static func poll(_ state: inout State, _ capacity: Int) -> Poll {
    if state.unread > 0 {
      let token = state.tokens[state.head]
      state.head += 1
      if state.unread == 0 {
        state.tokens.removeAll(keepingCapacity: true)
        state.head = 0
      } else if state.head >= capacity {
        state.tokens.removeFirst(state.head)
        state.head = 0
      }
      state.read += 1
      let drained = state.isStalled && state.unread <= capacity / 2
      if drained { state.isStalled = false }
      return .token(token, drained: drained)
    }
    if let end = state.end {
      state.isOver = true
      return .end(end)
    }
    return .empty
  }

  /// Gives the promise to the next token, or resumes it at once. Call after `poll` said `.empty`.
  ///
  /// - Returns: whether the buffer is drained, as with `poll`: something may have come since.
  func wait(_ promise: Promise<GeneratedToken?>) -> Bool {
    let (poll, second) = state.withLock { state -> (Poll, Bool) in
      if state.reader != nil { return (.empty, true) }
      let poll = Self.poll(&state, capacity)
      if case .empty = poll { state.reader = promise }
      return (poll, false)
    }
    switch poll {
    case .token(let token, let drained):
      promise.succeed(token)
      return drained
    case .end(let end):
      Self.resume(promise, end)
    case .empty where second:
      promise.fail(BatchingError(.invalidRequest, "a token stream has one reader at a time"))
    case .empty: break
    }
    return false
  }

  /// Ends it from the reader's side: what is unread is dropped.
  ///
  /// - Returns: false when the reader has been told of the end already.
  @discardableResult
  func finish(_ reason: FinishReason, now: ContinuousClock.Instant) -> Bool {
    let total = arrival.duration(to: now)
    let (reader, end) = state.withLock { state -> (Promise<GeneratedToken?>?, End?) in
      if state.isOver { return (nil, nil) }
      let end = End.summary(
        GenerationSummary(
          reason: reason, promptTokens: promptTokens, generatedTokens: state.read,
          queued: state.queued ?? total, timeToFirstToken: state.timeToFirstToken, total: total))
      state.end = end
      state.tokens = []
      state.head = 0
      state.isOver = true
      return (state.reader.take(), end)
    }
    if let reader, let end { Self.resume(reader, end) }
    return end != nil
  }

  var summary: GenerationSummary? {
    state.withLock { state in
      if state.isOver, case .summary(let summary) = state.end { summary } else { nil }
    }
  }
}
