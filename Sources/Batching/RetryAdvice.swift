/// When to come back, for a caller who was refused.
package enum RetryAdvice {
  /// Where nothing has been measured yet.
  package static let unmeasured: Duration = .milliseconds(100)
  /// Measured times add up to more than anybody should believe in.
  static let longest: Duration = .seconds(30)

  /// A prediction as advice.
  static func after(_ duration: Duration) -> Duration {
    min(longest, max(.milliseconds(1), duration))
  }
}
