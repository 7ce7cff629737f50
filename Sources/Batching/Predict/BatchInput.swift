internal import Inference
internal import Synchronization

/// An input on its way to its output, as the scheduler passes it on.
///
/// `@unchecked Sendable`: it has one owner at a time. The submitter makes it; the scheduler's
/// executor alone touches `ticket`, and sets `startBy` before it hands the input to the engine; the
/// engine's thread writes the output, and the submitter reads that only after the engine has handed
/// the batch back (one that was cancelled never looks). What both sides touch meanwhile is atomic
/// or has a lock.
class BatchInput: @unchecked Sendable {
  /// In tokens, at least 1.
  final let cost: Int
  /// When the answer is of no use any more.
  final let deadline: ContinuousClock.Instant?
  /// How long it may wait for its computation to begin.
  final let queueTimeout: Duration?
  /// How much of that was over before it joined the queue.
  final let waited: Duration
  /// When that time is up; set when it joins the queue.
  final var startBy: ContinuousClock.Instant?
  /// Its place in the queue, until it is answered.
  final var ticket: BatchQueue.Ticket?
  private let isAbandoned = Atomic(false)
  private let computation = Mutex<Computation?>(nil)

  private struct Computation {
    /// Later by what others took meanwhile.
    var start: ContinuousClock.Instant
    /// Since when it gives way to others.
    var paused: ContinuousClock.Instant?
  }

  init(
    cost: Int, deadline: ContinuousClock.Instant?, queueTimeout: Duration?, waited: Duration
  ) {
    self.cost = cost
    self.deadline = deadline
    self.queueTimeout = queueTimeout
    self.waited = waited
  }

  /// From when on it is not to be computed.
  final var lapses: ContinuousClock.Instant? {
    guard let deadline, let startBy else { return deadline ?? startBy }
    return min(deadline, startBy)
  }

  final func hasLapsed(at now: ContinuousClock.Instant) -> Bool {
    lapses.map { $0 <= now } ?? false
  }

  /// Nobody waits for the answer any more: what computes it may end.
  final func abandon() { isAbandoned.store(true, ordering: .relaxed) }

  final var isAlive: Bool { !isAbandoned.load(ordering: .relaxed) }

  final func begin(at now: ContinuousClock.Instant) {
    computation.withLock { $0 = Computation(start: now) }
  }

  final func pause(at now: ContinuousClock.Instant) {
    computation.withLock { $0?.paused = now }
  }

  final func resume(after pause: Duration) {
    computation.withLock {
      $0?.start += pause
      $0?.paused = nil
    }
  }

  /// How long its computation has taken; nil before that.
  final func computed(at now: ContinuousClock.Instant) -> Duration? {
    computation.withLock { $0.map { $0.start.duration(to: $0.paused ?? now) } }
  }
}

/// `@unchecked Sendable`: see `BatchInput`.
final class TypedBatchInput<Backend: BatchBackend>: BatchInput, @unchecked Sendable {
  let value: Backend.Input
  var output: Backend.Output?

  init(
    _ value: Backend.Input, cost: Int, deadline: ContinuousClock.Instant?, queueTimeout: Duration?,
    waited: Duration
  ) {
    self.value = value
    super.init(
      cost: max(1, cost), deadline: deadline, queueTimeout: queueTimeout, waited: waited)
  }

  func answer(_ timing: BatchTiming) throws(BatchingError) -> BatchAnswer<Backend.Output> {
    guard let output else { throw BatchingError(.backendFailed, "the model gave no answer") }
    return BatchAnswer(
      output: output, queued: timing.queued, compute: timing.compute, batchSize: timing.batchSize)
  }

  /// Computes a batch, on the engine's thread. When it throws, each input is tried once alone, so
  /// that one bad input fails nobody else; that at most doubles the batch's work.
  ///
  /// - Parameters:
  ///   - batch: all of this type; nobody but the backend's own batcher fills its queue.
  ///   - kept: those to be computed, by their index.
  static func compute(
    _ batch: [BatchInput], kept: [Int], on backend: Backend, _ turn: BatchTurn
  ) -> BatchOutcome {
    var outcome = BatchOutcome()
    var now = turn.clock.now()
    let end = now + turn.length
    var rest = kept[...]
    while !rest.isEmpty {
      let piece = rest.prefix(max(1, backend.inputsAtOnce))
      if piece.startIndex > 0 {
        now = turn.clock.now()
        if now >= end + outcome.paused {
          outcome.unreached.formUnion(rest)
          break
        }
      }
      rest = rest.dropFirst(piece.count)
      if piece.startIndex > 0, piece.contains(where: { batch[$0].hasLapsed(at: now) }) {
        outcome.unreached.formUnion(piece)
      } else {
        compute(piece, of: batch, on: backend, turn, from: now, into: &outcome)
      }
    }
    return outcome
  }

  private static func compute(
    _ indices: ArraySlice<Int>, of batch: [BatchInput], on backend: Backend, _ turn: BatchTurn,
    from start: ContinuousClock.Instant, into outcome: inout BatchOutcome
  ) {
    let inputs = indices.map { unsafe unsafeDowncast(batch[$0], to: Self.self) }
    for input in inputs { input.begin(at: start) }
    let single = inputs.count == 1 ? inputs.first.map { SingleRun($0, turn) } : nil
    defer { outcome.paused += single?.paused ?? .zero }
    do throws(BatchingError) {
      try fill(inputs, on: backend, for: single)
    } catch {
      guard let single, let index = indices.first else {
        outcome.hasFailed = true
        for index in indices.indices {
          compute(
            indices[index...index], of: batch, on: backend, turn, from: turn.clock.now(),
            into: &outcome)
        }
        return
      }
      // Nobody hears of what nobody waits for, and how long it took says nothing.
      guard single.isAlive else {
        return outcome.abandoned[index] = start.duration(to: turn.clock.now()) - single.paused
      }
      outcome.hasFailed = true
      outcome.errors[index] = error
    }
  }

  private static func fill(
    _ inputs: [TypedBatchInput], on backend: Backend, for single: SingleRun?
  ) throws(BatchingError) {
    let outputs: [Backend.Output]
    do {
      if single?.isAlive == false { throw CancellationError() }
      outputs = try backend.compute(inputs.map { $0.value }, for: single)
    } catch {
      throw .backendFailed(error)
    }
    guard outputs.count == inputs.count else {
      throw BatchingError(
        .backendFailed, "the model gave \(outputs.count) answers to \(inputs.count) inputs")
    }
    for (input, output) in zip(inputs, outputs) { input.output = output }
  }
}
