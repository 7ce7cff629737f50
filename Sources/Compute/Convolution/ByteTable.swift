/// Any function of one byte, worked out for all of them: an activation between two scales, a change
/// of scale, or both.
package struct ByteTable: Sendable, Equatable {
  /// u8 [256]
  package let values: [UInt8]

  /// - Returns: nil unless there are 256 values.
  package init?(_ values: [UInt8]) {
    guard values.count == 256 else { return nil }
    self.values = values
  }

  /// clamp(round(function((byte − zero) · scale) / output scale) + output zero), to nearest even;
  /// the lowest for what is no number.
  package init(
    from input: ByteScale, to output: ByteScale, range: ClosedRange<UInt8> = 0...255,
    _ function: (Float) -> Float = { $0 }
  ) {
    values = (0...255).map { byte in
      let value = function(Float(byte - Int(input.zero)) * input.scale)
      return output.byte(value, range)
    }
  }

  /// Whether every byte stays what it is.
  package var isIdentity: Bool { values.indices.allSatisfy { Int(values[$0]) == $0 } }
}

extension ByteScale {
  /// The byte that stands for a number.
  package func byte(_ value: Float, _ range: ClosedRange<UInt8> = 0...255) -> UInt8 {
    let steps = (value / scale).rounded(.toNearestOrEven) + Float(zero)
    // No number compares as less.
    guard steps > Float(range.lowerBound) else { return range.lowerBound }
    return steps < Float(range.upperBound) ? UInt8(steps) : range.upperBound
  }

}

extension ClosedRange<UInt8> {
  /// Its ends as counted from the zero point.
  func bounds(from zero: UInt8) -> (low: Float, high: Float) {
    (Float(lowerBound) - Float(zero), Float(upperBound) - Float(zero))
  }
}
