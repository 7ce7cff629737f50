/// How a graph is made ready and run, as whoever installed the model wants it.
package struct GraphOptions: Sendable, Equatable {
  package enum Quantization: String, Sendable, CaseIterable {
    /// As the file has it.
    case none
    /// Products with constant f32 weights in int8, with a scale for each row of what they take.
    case dynamic
  }
  package var quantize = Quantization.none
  /// What the values of a run may take together in bytes, and inputs that wait for theirs.
  package var valueBytes = 1 << 30

  package init() {}
}
