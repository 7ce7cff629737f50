internal import Time

extension Duration {
  package var seconds: Double { units(of: 1e18) }
  package var milliseconds: Double { units(of: 1e15) }

  /// - Parameter size: a unit's, in attoseconds.
  private func units(of size: Double) -> Double {
    if let attosecondsIn64Bits { return Double(attosecondsIn64Bits) / size }
    let (seconds, attoseconds) = components
    return Double(seconds) * (1e18 / size) + Double(attoseconds) / size
  }
}
