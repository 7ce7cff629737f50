import TestSupport
import Testing

@testable import Compute

/// Products of computed matrices.
@Suite struct FloatProductsTests {
  /// Also of so many rows that they are packed in pieces.
  @Test(arguments: tiersHere, [1, 7, 16_384, 40_000])
  func multipliesPairs(tier: KernelTier, inner: Int) throws {
    var random = SeededGenerator(seed: 3)
    func rows(_ rows: Int, _ columns: Int) -> FloatRows {
      FloatRows(
        rows: rows, columns: columns,
        (0..<rows * columns).map { _ in Float(random.next() >> 40) / Float(1 << 23) - 1 })
    }
    let (count, columns) = (3, 19)
    let (a, b) = (rows(2 * count, inner), rows(2 * inner, columns))
    let output = FloatRows()
    let pairs = [(a: 0, b: 1), (a: 1, b: 0)]
    try Processor(threads: 2, tier: tier).multiply(a, b, pairs: pairs, rows: count, into: output)
    #expect(output.rows == 2 * count && output.columns == columns)
    for (index, pair) in pairs.enumerated() {
      for row in 0..<count {
        for column in 0..<columns {
          var sum = 0.0
          for step in 0..<inner {
            sum +=
              Double(a[pair.a * count + row, step]) * Double(b[pair.b * inner + step, column])
          }
          let apart = abs(Double(output[index * count + row, column]) - sum)
          #expect(apart < 1e-6 * Double(inner).squareRoot() * 40)
        }
      }
    }
  }
}
