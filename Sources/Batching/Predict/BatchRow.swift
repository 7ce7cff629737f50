import Inference

/// An input on its way to its output, as the scheduler passes it on.
///
/// `@unchecked Sendable`: it has one owner at a time. The submitter makes it; the scheduler's
/// executor alone touches `ticket`, and sets `startBy` before it hands the row to the engine; the
/// engine's thread writes the output, and the submitter reads that only after the engine has handed
/// the batch back (one that was cancelled never looks).
class BatchRow: @unchecked Sendable {
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
}

/// `@unchecked Sendable`: see `BatchRow`.
final class TypedBatchRow<Backend: BatchBackend>: BatchRow, @unchecked Sendable {
  let input: Backend.Input
  var output: Backend.Output?

  init(
    _ input: Backend.Input, cost: Int, deadline: ContinuousClock.Instant?, queueTimeout: Duration?
  ) {
    self.input = input
    super.init(cost: max(1, cost), deadline: deadline, queueTimeout: queueTimeout)
  }

  func answer(_ place: BatchPlace) throws(BatchingError) -> BatchAnswer<Backend.Output> {
    guard let output else { throw BatchingError(.backendFailed, "the model gave no answer") }
    return BatchAnswer(
      output: output, queued: place.queued, compute: place.compute, batchSize: place.batchSize)
  }

  /// Computes a batch, on the engine's thread. When it throws, each row is tried once alone, so
  /// that one bad input fails nobody else; that at most doubles the batch's work.
  ///
  /// - Parameter rows: all of this type; nobody but the backend's own batcher fills its queue.
  static func compute(_ rows: [BatchRow], on backend: Backend) -> BatchFailures {
    do throws(BatchingError) {
      try fill(rows[...], on: backend)
      return BatchFailures()
    } catch {
      if rows.count == 1 { return BatchFailures(isRetried: true, errors: [0: error]) }
    }
    var failures = BatchFailures(isRetried: true)
    for index in rows.indices {
      do throws(BatchingError) {
        try fill(rows[index...index], on: backend)
      } catch {
        failures.errors[index] = error
      }
    }
    return failures
  }

  static func fill(_ rows: ArraySlice<BatchRow>, on backend: Backend) throws(BatchingError) {
    var inputs: [Backend.Input] = []
    inputs.reserveCapacity(rows.count)
    for row in rows { inputs.append(unsafe unsafeDowncast(row, to: Self.self).input) }
    let outputs: [Backend.Output]
    do {
      outputs = try backend.compute(inputs)
    } catch {
      throw .backendFailed(error)
    }
    guard outputs.count == rows.count else {
      throw BatchingError(
        .backendFailed, "the model gave \(outputs.count) answers to \(rows.count) inputs")
    }
    for offset in 0..<outputs.count {
      unsafe unsafeDowncast(rows[rows.startIndex + offset], to: Self.self).output = outputs[offset]
    }
  }
}
