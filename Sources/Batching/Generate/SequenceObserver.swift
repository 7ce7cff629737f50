/// Told what a sequence scheduler does, on its executor; for metrics. Must return quickly.
package protocol SequenceObserver: Sendable {
  func stepComputed(_ step: SequenceStepReport)
  func sequenceFinished(_ summary: GenerationSummary)
  /// Refused on arrival: the waiting queue was full.
  func sequenceRefused()
}

package struct SequenceStepReport: Sendable, Equatable {
  /// Sequences in this step.
  package var sequences: Int
  /// Tokens fed, prompt chunks and decoded ones together.
  package var tokens: Int
  package var compute: Duration
  /// Sequences holding blocks (paused ones too), and those waiting for them.
  package var running: Int
  package var waiting: Int
  package var blocksInUse: Int
  package var blockCount: Int
  /// Sequences whose blocks were taken since the last step.
  package var preempted: Int
}
