import Inference

/// One output and where its time went.
package struct BatchAnswer<Output: Sendable>: Sendable {
  package var output: Output
  /// From submission to the start of its batch on the engine.
  package var queued: Duration
  /// The batch's time on the engine.
  package var compute: Duration
  /// Rows in the batch.
  package var batchSize: Int
}

/// What the engine brings back from one batch.
struct ComputedBatch<Output: Sendable>: Sendable {
  enum Outcome: Sendable {
    case outputs([Output])
    /// The batch failed as a whole; every row was then computed alone.
    case singly([Result<Output, BatchingError>])
  }

  var outcome: Outcome
  var start: ContinuousClock.Instant
  var end: ContinuousClock.Instant

  /// Computes a batch on the engine's thread. When it throws, each row is tried once alone, so
  /// that one bad input fails nobody else; that at most doubles the batch's work.
  static func compute<Backend: BatchBackend>(
    _ inputs: [Backend.Input], on backend: Backend, clock: any BatchClock
  ) -> ComputedBatch where Backend.Output == Output {
    let start = clock.now()
    let outcome: Outcome
    do throws(BatchingError) {
      outcome = .outputs(try outputs(inputs, backend))
    } catch {
      if inputs.count == 1 {
        outcome = .singly([.failure(error)])
      } else {
        outcome = .singly(
          inputs.map { input in
            Result { () throws(BatchingError) in try alone(input, backend) }
          })
      }
    }
    return ComputedBatch(outcome: outcome, start: start, end: clock.now())
  }

  private static func outputs<Backend: BatchBackend>(
    _ inputs: [Backend.Input], _ backend: Backend
  ) throws(BatchingError) -> [Output] where Backend.Output == Output {
    let outputs: [Output]
    do {
      outputs = try backend.compute(inputs)
    } catch {
      throw .backendFailed(error)
    }
    guard outputs.count == inputs.count else {
      throw BatchingError(
        .backendFailed, "the model gave \(outputs.count) answers to \(inputs.count) inputs")
    }
    return outputs
  }

  private static func alone<Backend: BatchBackend>(
    _ input: Backend.Input, _ backend: Backend
  ) throws(BatchingError) -> Output where Backend.Output == Output {
    guard let output = try outputs([input], backend).first else {
      throw BatchingError(.backendFailed, "the model gave no answer")
    }
    return output
  }
}
