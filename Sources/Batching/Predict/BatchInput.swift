internal import Inference
internal import Synchronization

/// An input on its way to its output, as the scheduler passes it on.
///
/// `@unchecked Sendable`: it has one owner at a time. The submitter makes it; the scheduler's
/// executor alone touches `ticket`, and sets `startBy` before it hands the input to the engine; the
/// engine's thread writes the output, and the submitter reads that only after the engine has handed
/// the batch back (one that was cancelled never looks). What both sides touch meanwhile is atomic
/// or has a lock.
class BatchInput: @unchecked Sendable, Waiter {
  /// In tokens, at least 1.
  final let cost: Int
  /// When the answer is of no use any more.
  final let deadline: ContinuousClock.Instant?
  /// How long it may wait for its computation to begin.
  final let queueTimeout: Duration?
  /// When that time is up; set when it joins the queue.
  final var startBy: ContinuousClock.Instant?
  /// Its place in the queue, until it is answered.
  final var ticket: BatchQueue.Ticket?
  private let isAbandoned = Atomic(false)
  private let start = Mutex<ContinuousClock.Instant?>(nil)

  init(cost: Int, deadline: ContinuousClock.Instant?, queueTimeout: Duration?) {
    self.cost = cost
    self.deadline = deadline
    self.queueTimeout = queueTimeout
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

  final var isWaiting: Bool { !isAbandoned.load(ordering: .relaxed) }

  /// When its computation began; nil before that.
  final var begun: ContinuousClock.Instant? { start.withLock { $0 } }

  final func begin(at now: ContinuousClock.Instant) { start.withLock { $0 = now } }
}

/// `@unchecked Sendable`: see `BatchInput`.
final class TypedBatchInput<Backend: BatchBackend>: BatchInput, @unchecked Sendable {
  let value: Backend.Input
  var output: Backend.Output?

  init(
    _ value: Backend.Input, cost: Int, deadline: ContinuousClock.Instant?, queueTimeout: Duration?
  ) {
    self.value = value
    super.init(cost: max(1, cost), deadline: deadline, queueTimeout: queueTimeout)
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
  ///   - inputs: all of this type; nobody but the backend's own batcher fills its queue.
  ///   - turn: when it has taken so long, inputs not begun are left for another batch, where the
  ///     backend computes one by one.
  static func compute(
    _ inputs: [BatchInput], on backend: Backend, clock: any BatchClock, turn: Duration
  ) -> BatchFailures {
    let start = clock.now()
    if backend.computesOneByOne { return computeEach(inputs, on: backend, clock, start + turn) }
    for input in inputs { input.begin(at: start) }
    do throws(BatchingError) {
      try fill(inputs[...], on: backend)
      return BatchFailures()
    } catch {
      if inputs.count == 1 { return BatchFailures(isRetried: true, errors: [0: error]) }
    }
    var failures = BatchFailures(isRetried: true)
    for index in inputs.indices {
      do throws(BatchingError) {
        try fill(inputs[index...index], on: backend)
      } catch {
        failures.errors[index] = error
      }
    }
    return failures
  }

  private static func computeEach(
    _ inputs: [BatchInput], on backend: Backend, _ clock: any BatchClock,
    _ end: ContinuousClock.Instant
  ) -> BatchFailures {
    var failures = BatchFailures()
    for (index, input) in inputs.enumerated() {
      let now = clock.now()
      if index > 0, now >= end {
        failures.unreached.formUnion(index..<inputs.count)
        break
      }
      if index > 0, input.hasLapsed(at: now) {
        failures.unreached.insert(index)
        continue
      }
      input.begin(at: now)
      let typed = unsafe unsafeDowncast(input, to: Self.self)
      do {
        guard input.isWaiting else { throw CancellationError() }
        typed.output = try backend.compute(typed.value, for: input)
      } catch {
        // Nobody hears of what nobody waits for, and how long it took says nothing.
        if input.isWaiting {
          failures.isRetried = true
          failures.errors[index] = .backendFailed(error)
        } else {
          failures.abandoned[index] = now.duration(to: clock.now())
        }
      }
    }
    return failures
  }

  static func fill(_ inputs: ArraySlice<BatchInput>, on backend: Backend) throws(BatchingError) {
    var values: [Backend.Input] = []
    values.reserveCapacity(inputs.count)
    for input in inputs { values.append(unsafe unsafeDowncast(input, to: Self.self).value) }
    let outputs: [Backend.Output]
    do {
      outputs = try backend.compute(values)
    } catch {
      throw .backendFailed(error)
    }
    guard outputs.count == inputs.count else {
      throw BatchingError(
        .backendFailed, "the model gave \(outputs.count) answers to \(inputs.count) inputs")
    }
    for offset in 0..<outputs.count {
      let input = unsafe unsafeDowncast(inputs[inputs.startIndex + offset], to: Self.self)
      input.output = outputs[offset]
    }
  }
}
