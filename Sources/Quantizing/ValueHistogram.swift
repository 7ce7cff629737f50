/// How often which numbers occur in a value, gathered from one sample after the other.
struct ValueHistogram {
  /// Bins on each side of zero. The range they cover doubles when it must, and pairs of them become
  /// one, so that the outermost numbers stand at least half of them away from zero.
  private static let half = 2048

  private(set) var low: Float = 0
  private(set) var high: Float = 0
  /// The bins cover -reach to reach; 0 before there is any other number than 0.
  private var reach: Double = 0
  private var counts: [Int] = []
  /// Whether a number was infinite or none.
  private(set) var isBroken = false

  /// Takes note of the numbers that `value` gives from 0 to `count`. Places are computed in
  /// doubles: those of the smallest and of the largest floats are as good as any.
  mutating func add(_ count: Int, _ value: (Int) -> Float) {
    var (low, high) = (self.low, self.high)
    for index in 0..<count {
      let number = value(index)
      guard number.isFinite else {
        isBroken = true
        continue
      }
      low = min(low, number)
      high = max(high, number)
    }
    (self.low, self.high) = (low, high)
    guard !isBroken, max(high, -low) > 0 else { return }
    grow(to: Double(max(high, -low)))
    let (factor, last) = (Double(Self.half) / reach, 2 * Self.half - 1)
    for index in 0..<count {
      let number = Double(value(index))
      // A zero is a zero in any grid.
      if number == 0 { continue }
      let bin = Int((number * factor).rounded(.down)) + Self.half
      counts[min(max(bin, 0), last)] += 1
    }
  }

  private mutating func grow(to least: Double) {
    if reach == 0 {
      counts = Array(repeating: 0, count: 2 * Self.half)
      reach = least
    }
    while reach < least {
      var merged = [Int](repeating: 0, count: counts.count)
      for (bin, count) in counts.enumerated() { merged[(bin + Self.half) / 2] += count }
      counts = merged
      reach *= 2
    }
  }

  /// The range, with zero in it, whose grid of `steps` steps has the least squared error: a wider
  /// one is coarser, a narrower one cuts what lies outside.
  func range(steps: Int = 255) -> (low: Float, high: Float) {
    guard !counts.isEmpty else { return (low, high) }
    let sums = Sums(counts, width: reach / Double(Self.half))
    var best = (low: Double(low), high: Double(high))
    var least = Double.infinity
    for lowShare in Self.shares(of: low) {
      for highShare in Self.shares(of: high) {
        let (low, high) = (Double(low) * lowShare, Double(high) * highShare)
        let step = (high - low) / Double(steps)
        let error = sums.outside(low, high) + step * step / 12 * sums.inside(low, high)
        if error < least { (least, best) = (error, (low, high)) }
      }
    }
    return (Float(best.low), Float(best.high))
  }

  /// What parts of the whole range are tried, the whole of it first.
  private static func shares(of end: Float) -> [Double] {
    end == 0 ? [1] : (20...100).reversed().map { Double($0) / 100 }
  }
}

/// Numbers, sums and sums of squares of all that lies below each bin.
private struct Sums {
  private var below: [(count: Double, sum: Double, squares: Double)] = [(0, 0, 0)]
  private let width: Double
  private let half: Int

  init(_ counts: [Int], width: Double) {
    self.width = width
    half = counts.count / 2
    for (bin, count) in counts.enumerated() {
      let (last, count) = (below[bin], Double(count))
      let middle = (Double(bin - half) + 0.5) * width
      below.append(
        (last.count + count, last.sum + count * middle, last.squares + count * middle * middle))
    }
  }

  private func edge(_ number: Double) -> (count: Double, sum: Double, squares: Double) {
    below[min(max(Int((number / width).rounded()) + half, 0), below.count - 1)]
  }

  func inside(_ low: Double, _ high: Double) -> Double { edge(high).count - edge(low).count }

  /// The squared error of what is cut.
  func outside(_ low: Double, _ high: Double) -> Double {
    let (under, over, all) = (edge(low), edge(high), below[below.count - 1])
    let (count, sum) = (all.count - over.count, all.sum - over.sum)
    return max(0, under.squares - 2 * low * under.sum + low * low * under.count)
      + max(0, all.squares - over.squares - 2 * high * sum + high * high * count)
  }
}
