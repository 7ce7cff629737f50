internal import Inference

/// What the engine brings back from one step.
struct ComputedStep: Sendable {
  /// For each slice the token drawn, nil where none was asked for, or why it failed.
  var outcomes: [Result<StepOutput?, BatchingError>]
  var start: ContinuousClock.Instant
  var end: ContinuousClock.Instant
  /// Slices were run alone after the step as a whole had failed.
  var isRetried = false

  /// Runs a step on the engine's thread. When it throws, each slice is tried once alone, so that
  /// one bad sequence ends no other: writing the same positions again does no harm.
  init(_ slices: [SequenceSlice], on backend: any SequenceBackend, clock: any BatchClock) {
    start = clock.now()
    do throws(BatchingError) {
      outcomes = try Self.run(slices, backend).map { .success($0) }
    } catch {
      if slices.count == 1 {
        outcomes = [.failure(error)]
      } else {
        isRetried = true
        outcomes = slices.map { slice in
          Result { () throws(BatchingError) in try Self.run([slice], backend)[0] }
        }
      }
    }
    end = clock.now()
  }

  /// As many results as slices.
  private static func run(
    _ slices: [SequenceSlice], _ backend: any SequenceBackend
  ) throws(BatchingError) -> [StepOutput?] {
    let outputs: [StepOutput]
    do {
      outputs = try backend.step(slices)
    } catch {
      throw .backendFailed(error)
    }
    let asked = slices.count { $0.sampler != nil }
    guard outputs.count == asked else {
      throw BatchingError(
        .backendFailed, "the model drew \(outputs.count) tokens where \(asked) were asked for")
    }
    var next = outputs.makeIterator()
    return slices.map { $0.sampler == nil ? nil : next.next() }
  }
}
