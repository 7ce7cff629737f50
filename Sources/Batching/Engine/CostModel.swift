internal import Metrics

/// A batch's time as a·tokens + b, fitted to measured batches by least squares that forget.
///
/// `seconds` refuses early and advises when to retry, so it errs on the fast side: it says nothing
/// before it has seen enough, and one batch that took absurdly long (a paused machine) counts as
/// a slow one, not an absurd one. `tokens` keeps a batch short while others wait for the engine, so
/// it errs on the slow side.
struct CostModel: Sendable {
  /// Batches to have seen before `seconds(tokens:)` answers.
  static let minimumSamples = 8
  /// What a sample is worth after one more has come: about the last 32 count.
  private static let decay = 1 - 1.0 / 32
  /// How far above the prediction one sample may count.
  private static let outlier = 4.0

  private var samples = 0
  private var weight = 0.0
  private var sumX = 0.0
  private var sumY = 0.0
  private var sumXX = 0.0
  private var sumXY = 0.0

  mutating func observe(tokens: Int, duration: Duration) {
    var y = max(0, duration.seconds)
    if let expected = seconds(tokens: tokens), expected > 0 { y = min(y, expected * Self.outlier) }
    let x = Double(tokens)
    samples = min(samples + 1, Self.minimumSamples)
    weight = weight * Self.decay + 1
    sumX = sumX * Self.decay + x
    sumY = sumY * Self.decay + y
    sumXX = sumXX * Self.decay + x * x
    sumXY = sumXY * Self.decay + x * y
  }

  /// Whether there is enough to go by.
  var isTrusted: Bool { samples >= Self.minimumSamples }

  /// Expected time of `tokens` in so many batches; nil before there is enough to go by.
  func seconds(tokens: Int, batches: Int = 1) -> Double? {
    guard isTrusted else { return nil }
    let x = Double(tokens)
    let count = Double(max(1, batches))
    if let line { return line.slope * x + line.start * count }
    // Smaller batches are taken to cost in proportion, larger ones the same, which promises the
    // least time.
    return meanY * min(count, x / max(1, meanX))
  }

  /// Most tokens of a batch that takes about `limit`; nil before anything has been measured.
  ///
  /// Where the start alone takes long, a small batch would be nearly all start and no quicker for
  /// it: a batch may then take twice as long as its start.
  func tokens(within limit: Duration) -> Int? {
    guard samples > 0 else { return nil }
    // In proportion, which promises the most time, as long as there is no line.
    let (slope, start) = line ?? (meanY / max(1, meanX), 0)
    let tokens = (max(limit.seconds, 2 * start) - start) / slope
    return tokens < 1e9 ? Int(tokens) : 1_000_000_000
  }

  private var meanX: Double { sumX / weight }
  private var meanY: Double { sumY / weight }

  /// a and b, both at least zero: more tokens never take less time, no tokens none. Nil while
  /// batches are too few, or too alike to tell the one from the other.
  private var line: (slope: Double, start: Double)? {
    guard isTrusted else { return nil }
    let variance = sumXX / weight - meanX * meanX
    guard variance > 0.01 * meanX * meanX else { return nil }
    let slope = max(0, (sumXY / weight - meanX * meanY) / variance)
    let start = meanY - slope * meanX
    return start >= 0 ? (slope, start) : (sumXY / sumXX, 0)
  }
}
