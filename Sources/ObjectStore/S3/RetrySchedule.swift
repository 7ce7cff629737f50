/// How often something is tried, and how long the pauses are: each up to twice as long as the one
/// before, and a random part of that, so that those who failed together do not come back together.
package struct RetrySchedule: Sendable {
  /// Tries in all.
  package var tries = 5
  package var first = Duration.milliseconds(200)
  package var longest = Duration.seconds(20)

  package init() {}

  /// - Parameters:
  ///   - tries: so far, from 1.
  ///   - spread: a random number in 0..<1.
  /// - Returns: nil when it is not tried again.
  package func pause(after tries: Int, spread: Double) -> Duration? {
    guard tries < self.tries else { return nil }
    var pause = first
    for _ in 1..<max(tries, 1) { pause = min(pause * 2, longest) }
    return pause * (0.5 + spread / 2)
  }
}
