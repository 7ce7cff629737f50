/// Why a model cannot be quantized, or a sample not be used: what is wrong and what to do.
package struct QuantizationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
