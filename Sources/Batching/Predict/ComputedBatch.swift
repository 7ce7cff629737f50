/// What the engine brings back from one batch; outputs are in the inputs.
struct ComputedBatch: Sendable {
  var start: ContinuousClock.Instant
  var end: ContinuousClock.Instant
  /// Inputs whose time was up before the engine came to the batch; they were not computed.
  var lapsed: Set<Int> = []
  var outcome: BatchOutcome

  /// Computes on the engine's thread what is still worth it.
  ///
  /// - Parameter compute: is given the indices of those inputs.
  init(_ inputs: [BatchInput], clock: any BatchClock, compute: ([Int]) -> BatchOutcome) {
    let start = clock.now()
    let kept = inputs.indices.filter { !inputs[$0].hasLapsed(at: start) }
    if kept.count < inputs.count { lapsed = Set(inputs.indices).subtracting(kept) }
    self.start = start
    outcome = compute(kept)
    end = clock.now()
  }

  /// Without what others took meanwhile.
  var compute: Duration { start.duration(to: end) - outcome.paused }
}

/// When an input was computed, and with how many.
struct BatchTiming: Sendable {
  var queued: Duration
  var compute: Duration
  var batchSize: Int
}

/// What became of a batch's inputs that have no output, and of its time.
struct BatchOutcome: Sendable {
  /// Something failed, so that its time tells nothing of the next batch's.
  var hasFailed = false
  /// By the input's index in the batch.
  var errors: [Int: BatchingError] = [:]
  /// Inputs that the batch's turn was over for before they began, by their index.
  var unreached: Set<Int> = []
  /// Inputs that ended as nobody waited for them any more, by their index: how long they took.
  var abandoned: [Int: Duration] = [:]
  /// How long it gave way to other models.
  var paused: Duration = .zero
}
