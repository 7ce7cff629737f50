/// What the engine brings back from one batch; outputs are in the inputs.
struct ComputedBatch: Sendable {
  var start: ContinuousClock.Instant
  var end: ContinuousClock.Instant
  /// Inputs whose time was up before the engine came to the batch; they were not computed.
  var lapsed: Set<Int> = []
  var failures: BatchFailures

  /// Computes on the engine's thread what is still worth it.
  init(
    _ inputs: [BatchInput], clock: any BatchClock, compute: ([BatchInput]) -> BatchFailures
  ) {
    let start = clock.now()
    let kept = inputs.indices.filter { !inputs[$0].hasLapsed(at: start) }
    self.start = start
    if kept.count == inputs.count {
      failures = compute(inputs)
    } else {
      lapsed = Set(inputs.indices).subtracting(kept)
      failures = kept.isEmpty ? BatchFailures() : compute(kept.map { inputs[$0] })
      let errors = failures.errors.map { (kept[$0.key], $0.value) }
      failures.errors = Dictionary(uniqueKeysWithValues: errors)
      failures.unreached = Set(failures.unreached.map { kept[$0] })
      let abandoned = failures.abandoned.map { (kept[$0.key], $0.value) }
      failures.abandoned = Dictionary(uniqueKeysWithValues: abandoned)
    }
    end = clock.now()
  }
}

/// When an input was computed, and with how many.
struct BatchTiming: Sendable {
  var queued: Duration
  var compute: Duration
  var batchSize: Int
}

/// What went wrong in a batch.
struct BatchFailures: Sendable {
  /// Inputs were computed alone after the batch as a whole had failed, or one of those that always
  /// are failed.
  var isRetried: Bool
  /// By the input's index in the batch.
  var errors: [Int: BatchingError]
  /// Inputs that the batch's turn was over for before they began, by their index.
  var unreached: Set<Int> = []
  /// Inputs that ended as nobody waited for them any more, by their index: how long they took.
  var abandoned: [Int: Duration] = [:]

  init(isRetried: Bool = false, errors: [Int: BatchingError] = [:]) {
    self.isRetried = isRetried
    self.errors = errors
  }
}
