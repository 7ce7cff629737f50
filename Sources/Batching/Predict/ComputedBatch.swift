/// What the engine brings back from one batch; outputs are in the rows.
struct ComputedBatch: Sendable {
  var start: ContinuousClock.Instant
  var end: ContinuousClock.Instant
  /// Rows whose time was up before the engine came to the batch; they were not computed.
  var lapsed: Set<Int> = []
  var failures: BatchFailures

  /// Computes on the engine's thread what is still worth it.
  init(
    _ rows: [BatchRow], clock: any BatchClock, compute: ([BatchRow]) -> BatchFailures
  ) {
    let start = clock.now()
    let kept = rows.indices.filter { !rows[$0].hasLapsed(at: start) }
    self.start = start
    if kept.count == rows.count {
      failures = compute(rows)
    } else {
      lapsed = Set(rows.indices).subtracting(kept)
      failures = kept.isEmpty ? BatchFailures() : compute(kept.map { rows[$0] })
      let errors = failures.errors.map { (kept[$0.key], $0.value) }
      failures.errors = Dictionary(uniqueKeysWithValues: errors)
    }
    end = clock.now()
  }
}

/// Where an input was computed.
struct BatchPlace: Sendable {
  var queued: Duration
  var compute: Duration
  var batchSize: Int
}

/// What went wrong in a batch.
struct BatchFailures: Sendable {
  /// Rows were computed alone after the batch as a whole had failed.
  var isRetried: Bool
  /// By row.
  var errors: [Int: BatchingError]

  init(isRetried: Bool = false, errors: [Int: BatchingError] = [:]) {
    self.isRetried = isRetried
    self.errors = errors
  }
}
