/// Values that flags set, as they are without any flag.
package protocol FlaggedValues: Sendable {
  init()
}

/// A flag of `apus serve` that sets one bounded value. `LimitFlags` holds one for each, so that
/// help, parsing and defaults cannot differ.
package struct LimitFlag<Limits: FlaggedValues>: Sendable {
  enum Field: Sendable {
    case count(any WritableKeyPath<Limits, Int> & Sendable, ClosedRange<Int>)
    case bytes(any WritableKeyPath<Limits, Int> & Sendable, ClosedRange<Int>)
    case time(any WritableKeyPath<Limits, Duration> & Sendable, ClosedRange<Duration>)
  }

  /// Without the dashes.
  package let name: String
  package let help: String
  private let field: Field

  init(_ name: String, _ help: String, _ field: Field) {
    self.name = name
    self.help = help
    self.field = field
  }

  package var placeholder: String {
    switch field {
    case .count: "N"
    case .bytes: "SIZE"
    case .time: "TIME"
    }
  }

  /// The default, as the flag takes it.
  package var initial: String {
    let limits = Limits()
    return switch field {
    case .count(let path, _): "\(limits[keyPath: path])"
    case .bytes(let path, _): Quantity.text(bytes: limits[keyPath: path])
    case .time(let path, _): Quantity.text(limits[keyPath: path])
    }
  }

  /// What may be given, in words.
  package var expected: String {
    switch field {
    case .count(_, let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .bytes(_, let range):
      "a size from \(Quantity.text(bytes: range.lowerBound)) to "
        + Quantity.text(bytes: range.upperBound)
    case .time(_, let range): Quantity.expected(range)
    }
  }

  /// - Returns: false, and changes nothing, if `text` is not what is expected.
  package func set(_ text: String, in limits: inout Limits) -> Bool {
    switch field {
    case .count(let path, let range):
      guard let count = Int(text), range.contains(count) else { return false }
      limits[keyPath: path] = count
    case .bytes(let path, let range):
      guard let bytes = Quantity.bytes(text), range.contains(bytes) else { return false }
      limits[keyPath: path] = bytes
    case .time(let path, let range):
      guard let time = Quantity.duration(text), range.contains(time) else { return false }
      limits[keyPath: path] = time
    }
    return true
  }
}
