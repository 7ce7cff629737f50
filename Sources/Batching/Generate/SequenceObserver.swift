/// Told what a sequence scheduler does, on its executor; for metrics. Must return quickly.
package protocol SequenceObserver: Sendable {
  /// After arrivals, endings and steps.
  func loadChanged(_ load: SequenceLoad)
  func stepComputed(_ step: SequenceStepReport)
  func sequenceFinished(_ summary: GenerationSummary)
  func sequenceFailed()
  /// Refused on arrival: the waiting queue was full.
  func sequenceRefused()
}

/// What a scheduler holds.
package struct SequenceLoad: Sendable, Equatable {
  /// Sequences with KV blocks.
  package var running: Int
  /// Sequences without.
  package var waiting: Int
  package var blocksInUse: Int
  package var blockCount: Int
}

package struct SequenceStepReport: Sendable, Equatable {
  package var sequences: Int
  /// Fed: prompt chunks, and the last token of each stream.
  package var tokens: Int
  /// Drawn and delivered.
  package var generated: Int
  package var compute: Duration
  /// Of each stream that had a token before: the time between the two.
  package var tokenGaps: [Duration] = []
  /// Sequences whose blocks were taken since the last step.
  package var preempted: Int
}
