package import Metrics

/// The figures of all models and of the engine they share; registered once, read by dashboards.
///
/// A batcher or scheduler is given its model's share of them as its observer. Names begin with
/// `apus_predict_`, `apus_generate_` and `apus_engine_`, as the folders here do.
package struct BatchingMetrics: Sendable {
  /// Models and versions told apart; what comes beyond is counted as `other`.
  static let seriesBound = 1000

  /// For those who tell them under other names.
  package let predict: BatchMetrics.Families
  package let generate: SequenceMetrics.Families

  /// - Parameter registry: keeps them, and the engine, for as long as it lives; takes each name
  ///   once.
  package init(registry: Registry, engine: Engine) {
    predict = BatchMetrics.Families(registry)
    generate = SequenceMetrics.Families(registry)
    registry.sampled(
      "apus_engine_busy_seconds_total", help: "Time in which the engine computed.", kind: .counter
    ) { engine.busyTime.seconds }
    registry.sampled(
      "apus_engine_job_seconds", help: "For how long the batch or step that runs has been running.",
      kind: .gauge
    ) { engine.health(now: .now).busy.seconds }
    registry.sampled(
      "apus_engine_waiting_models", help: "Models whose batch or step waits for its turn.",
      kind: .gauge
    ) { Double(engine.health(now: .now).waiting) }
  }

  /// The observer of the batcher of one model version.
  package func batches(model: String, version: String) -> BatchMetrics {
    BatchMetrics(predict, model, version)
  }

  /// The observer of the sequence scheduler of one model version.
  package func sequences(model: String, version: String) -> SequenceMetrics {
    SequenceMetrics(generate, model, version)
  }
}
