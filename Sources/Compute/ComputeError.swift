/// Why something cannot be computed: what was wrong, what is allowed, what to do.
package struct ComputeError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }

  /// Of weights: what is computed with it would be no number either.
  package static let notFinite = ComputeError("there is a value that is no finite number")
}
