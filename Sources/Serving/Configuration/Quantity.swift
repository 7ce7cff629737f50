/// Reads numbers with a unit as people write them in flags and files.
package enum Quantity {
  /// `250us`, `2ms`, `1.5s`, `5m`, `1h`, `90d`; a bare 0 is zero.
  package static func duration(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    let units: [(String, Double)] = [
      ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
    ]
    for (unit, seconds) in units {
      guard text.hasSuffix(unit), let number = number(text.dropLast(unit.count)) else { continue }
      let total = number * seconds
      return total <= 1e9 ? .nanoseconds(Int64(total * 1e9)) : nil
    }
    return nil
  }

  /// `512`, `64KiB`, `4MiB`, `1.5GiB` in bytes.
  package static func bytes(_ text: String) -> Int? {
    let units: [(String, Double)] = [("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824)]
    for (unit, scale) in units {
      guard text.hasSuffix(unit), let number = number(text.dropLast(unit.count)) else { continue }
      let total = number * scale
      return total <= 1e15 ? Int(total) : nil
    }
    return Int(text).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The largest unit that says it exactly.
  package static func text(bytes: Int) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)]
    where bytes > 0 && bytes.isMultiple(of: 1 << shift) {
      return "\(bytes >> shift)\(unit)"
    }
    return "\(bytes)"
  }

  /// For people who look at it: to a tenth of the largest unit.
  package static func rounded(bytes: Int) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << shift {
      let tenths = (bytes * 10 + (1 << (shift - 1))) >> shift
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(bytes) bytes"
  }

  /// The largest unit that says it exactly, to the microsecond.
  package static func text(_ time: Duration) -> String {
    let (seconds, attoseconds) = time.components
    let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    guard microseconds != 0 else { return "0" }
    let units = [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)]
    for (unit, size) in units where microseconds.isMultiple(of: size) {
      return "\(microseconds / size)\(unit)"
    }
    return "\(microseconds)us"
  }

  /// What may be given, in words.
  package static func expected(_ range: ClosedRange<Duration>) -> String {
    "a time from \(text(range.lowerBound)) to \(text(range.upperBound))"
  }

  /// Plain decimal, not negative: `Double` alone would take `inf`, `nan` and `0x1p3` as well.
  private static func number(_ text: Substring) -> Double? {
    guard !text.isEmpty, text.count <= 15,
      text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 })
    else { return nil }
    return Double(text)
  }
}
