/// How a graph is made ready and run, as whoever installed the model wants it.
package struct GraphOptions: Sendable, Equatable {
  package var quantize = FusionOptions.Quantization.none
  /// What the values of a run may take together in bytes, and inputs that wait for theirs.
  package var valueBytes = 1 << 30
  /// What a run may take: under `--stuck-after`, past which a batch is taken to hang.
  package var runTime: Duration = .seconds(10)

  package init() {}
}
