/// What comparing values takes: as many letters and elements as are looked at. It breaks off, with
/// any answer, where that is more than allowed; who allowed it then refuses.
struct ComparisonCost {
  private(set) var spent = 0
  let allowance: Int

  init(allowance: Int) { self.allowance = allowance }

  /// - Returns: whether it may go on.
  mutating func spend(_ count: Int) -> Bool {
    spent += count
    return spent <= allowance
  }
}
