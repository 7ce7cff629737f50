package import Metrics

/// Counts what the sequence scheduler of one model version does.
package final class SequenceMetrics: SequenceObserver {
  /// The same for all models.
  package struct Families: Sendable {
    package let running, waiting, blocks, blocksUsed: Family<Gauge>
    package let stepSequences, stepTokens, stepSeconds: Family<Histogram>
    package let queueSeconds, firstTokenSeconds, tokenSeconds, tokenGaps: Family<Histogram>
    package let tokens, promptTokens, preempted, refused, failed, finished: Family<Counter>

    init(_ registry: Registry) {
      func gauges(_ name: String, _ help: String) -> Family<Gauge> {
        registry.gauges(
          "apus_generate_" + name, help: help, labels: ["model", "version"],
          bound: BatchingMetrics.seriesBound)
      }
      func histograms(
        _ name: String, _ help: String, _ unit: Histogram.Unit,
        _ detail: Histogram.Detail = .octaves
      ) -> Family<Histogram> {
        registry.histograms(
          "apus_generate_" + name, help: help, unit: unit, detail: detail,
          labels: ["model", "version"], bound: BatchingMetrics.seriesBound)
      }
      func counters(_ name: String, _ help: String, _ label: [String] = []) -> Family<Counter> {
        registry.counters(
          "apus_generate_" + name, help: help, labels: ["model", "version"] + label,
          bound: BatchingMetrics.seriesBound * (label.isEmpty ? 1 : FinishReason.allCases.count))
      }
      running = gauges("running", "Sequences that hold KV blocks.")
      waiting = gauges("waiting", "Sequences that wait for KV blocks.")
      blocks = gauges("kv_blocks", "KV blocks there are.")
      blocksUsed = gauges("kv_blocks_used", "KV blocks held by sequences.")
      stepSequences = histograms("step_sequences", "Sequences in a step.", .count)
      stepTokens = histograms("step_tokens", "Tokens fed in a step.", .count)
      stepSeconds = histograms("step_seconds", "Time of a step on the engine.", .seconds)
      queueSeconds = histograms("queue_seconds", "From arrival to the first step.", .seconds)
      firstTokenSeconds = histograms(
        "first_token_seconds", "From arrival to the first token.", .seconds, .quarters)
      tokenSeconds = histograms(
        "token_seconds", "Mean time of a sequence's tokens after the first.", .seconds)
      tokenGaps = histograms(
        "inter_token_seconds", "From one token of a stream to the next.", .seconds, .quarters)
      tokens = counters("tokens_total", "Tokens generated.")
      promptTokens = counters("prompt_tokens_total", "Prompt tokens of sequences that ended.")
      preempted = counters("preempted_total", "Times that a sequence gave its KV blocks up.")
      refused = counters("refused_total", "Sequences refused because the queue was full.")
      failed = counters("failed_total", "Sequences whose computation failed.")
      finished = counters("finished_total", "Sequences that ended, and why.", ["reason"])
    }
  }

  private let running, waiting, blocks, blocksUsed: Gauge
  private let stepSequences, stepTokens, stepSeconds: Histogram
  private let queueSeconds, firstTokenSeconds, tokenSeconds, tokenGaps: Histogram
  private let tokens, promptTokens, preempted, refused, failed: Counter
  private let finished: [FinishReason: Counter]

  init(_ families: Families, _ model: String, _ version: String) {
    running = families.running.with(model, version)
    waiting = families.waiting.with(model, version)
    blocks = families.blocks.with(model, version)
    blocksUsed = families.blocksUsed.with(model, version)
    stepSequences = families.stepSequences.with(model, version)
    stepTokens = families.stepTokens.with(model, version)
    stepSeconds = families.stepSeconds.with(model, version)
    queueSeconds = families.queueSeconds.with(model, version)
    firstTokenSeconds = families.firstTokenSeconds.with(model, version)
    tokenSeconds = families.tokenSeconds.with(model, version)
    tokenGaps = families.tokenGaps.with(model, version)
    tokens = families.tokens.with(model, version)
    promptTokens = families.promptTokens.with(model, version)
    preempted = families.preempted.with(model, version)
    refused = families.refused.with(model, version)
    failed = families.failed.with(model, version)
    finished = Dictionary(
      uniqueKeysWithValues: FinishReason.allCases.map { reason in
        (reason, families.finished.with(model, version, reason.rawValue))
      })
  }

  package func loadChanged(_ load: SequenceLoad) {
    running.set(Int64(load.running))
    waiting.set(Int64(load.waiting))
    blocks.set(Int64(load.blockCount))
    blocksUsed.set(Int64(load.blocksInUse))
  }

  package func stepComputed(_ step: SequenceStepReport) {
    stepSequences.record(UInt64(step.sequences))
    stepTokens.record(UInt64(step.tokens))
    stepSeconds.record(step.compute)
    tokens.increment(by: UInt64(step.generated))
    for gap in step.tokenGaps { tokenGaps.record(gap) }
    if step.preempted > 0 { preempted.increment(by: UInt64(step.preempted)) }
  }

  package func sequenceFinished(_ summary: GenerationSummary) {
    finished[summary.reason]?.increment()
    promptTokens.increment(by: UInt64(summary.promptTokens))
    queueSeconds.record(summary.queued)
    guard let first = summary.timeToFirstToken else { return }
    firstTokenSeconds.record(first)
    if summary.generatedTokens > 1 {
      tokenSeconds.record((summary.total - first) / (summary.generatedTokens - 1))
    }
  }

  package func sequenceFailed() { failed.increment() }

  package func sequenceRefused() { refused.increment() }
}
