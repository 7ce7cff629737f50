/// The `grpc-timeout` header: 1 to 8 digits and a unit.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Timeout)
enum Timeout {
  private static let units: [(letter: UInt8, nanoseconds: Int64)] = [
    (UInt8(ascii: "H"), 3_600_000_000_000), (UInt8(ascii: "M"), 60_000_000_000),
    (UInt8(ascii: "S"), 1_000_000_000), (UInt8(ascii: "m"), 1_000_000),
    (UInt8(ascii: "u"), 1_000), (UInt8(ascii: "n"), 1),
  ]

  /// What a request's head says.
  enum Field: Equatable {
    case absent
    case nanoseconds(Int64)
    case malformed

    /// - Parameter bytes: the header's value; empty where there is none.
    init(_ bytes: [UInt8]) {
      guard !bytes.isEmpty else {
        self = .absent
        return
      }
      let parsed = unsafe bytes.withUnsafeBytes { unsafe Timeout.parse($0) }
      self = parsed.map { .nanoseconds($0) } ?? .malformed
    }

    /// Nil where there is no limit.
    var nanoseconds: Int64? {
      if case .nanoseconds(let number) = self { number } else { nil }
    }
  }

  /// Nanoseconds, clamped to 292 years; nil if malformed.
  static func parse(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard (2...9).contains(text.count), let letter = unsafe text.last,
      let unit = units.first(where: { $0.letter == letter })
    else { return nil }
    var number: Int64 = 0
    for unsafe byte in unsafe text.dropLast() {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      number = number * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
    return overflow ? .max : product
  }

  /// The finest unit in which the time still fits 8 digits; negative times become `0n`.
  static func format(_ nanoseconds: Int64) -> String {
    let positive = max(0, nanoseconds)
    for unit in units.reversed() where positive / unit.nanoseconds < 100_000_000 {
      let letter = Character(Unicode.Scalar(unit.letter))
      return "\(positive / unit.nanoseconds)\(letter)"
    }
    return "99999999H"
  }
}
