import Compute
import Foundation
import Testing

@Suite struct ActivationTests {
  /// By its definition, in f64.
  private static func defined(_ activation: Processor.Activation, _ x: Double) -> Double {
    switch activation {
    case .relu: max(0, x)
    case .tanh: tanh(x)
    case .gelu: x / 2 * (1 + erf(x / 2.0.squareRoot()))
    case .geluTanh: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    }
  }

  /// Over lengths with and without a tail, far beyond where the functions are flat.
  @Test(
    arguments: tiersHere,
    [Processor.Activation.relu, .tanh, .gelu, .geluTanh, .sigmoid, .silu])
  func isItsDefinitionInEveryTier(tier: KernelTier, activation: Processor.Activation) throws {
    let processor = try Processor(threads: 2, tier: tier)
    for (columns, magnitude) in [(1, Float(1)), (33, 1), (257, 8), (1000, 60), (64, 1e30)] {
      let x = FloatRows(random: 3, columns, seed: UInt64(columns), magnitude: magnitude)
      let expected = FloatRows(
        rows: 3, columns: columns,
        (0..<3).flatMap { x.row($0).map { Float(Self.defined(activation, Double($0))) } })
      let output = FloatRows()
      processor.activate(x, activation, into: output)
      #expect(distance(output, expected) < 2e-6)
      processor.activate(x, activation)
      #expect(x.bits == output.bits)
    }
  }

  /// Of infinities the limits, except where they are no number by definition; of NaN itself.
  @Test(arguments: tiersHere)
  func edgesAreTheLimits(tier: KernelTier) throws {
    let processor = try Processor(threads: 1, tier: tier)
    func applied(_ activation: Processor.Activation, _ value: Float) -> Float {
      let x = FloatRows(rows: 1, columns: 1, [value])
      processor.activate(x, activation)
      return x[0, 0]
    }
    #expect(applied(.tanh, .infinity) == 1 && applied(.tanh, -.infinity) == -1)
    #expect(applied(.sigmoid, .infinity) == 1 && abs(applied(.sigmoid, -.infinity)) < 1e-37)
    #expect(applied(.relu, .infinity) == .infinity && applied(.relu, -.infinity) == 0)
    for activation in [Processor.Activation.tanh, .gelu, .geluTanh, .sigmoid, .silu] {
      #expect(applied(activation, .nan).isNaN, "\(activation)")
    }
  }

  /// One value that is no number leaves none of its row: it must not pass for a likely answer.
  @Test(arguments: tiersHere, [3, 16, 40])
  func softmaxOfNaNIsNaN(tier: KernelTier, columns: Int) throws {
    let x = FloatRows(random: 2, columns, seed: 3)
    x[0, columns / 2] = .nan
    try Processor(threads: 1, tier: tier).softmax(x, into: x)
    #expect(x.row(0).allSatisfy { $0.isNaN })
    #expect(abs(x.row(1).reduce(0, +) - 1) < 1e-6)
  }

  @Test(arguments: tiersHere)
  func clampedValuesStayWithin(tier: KernelTier) throws {
    let x = FloatRows(random: 5, 67, seed: 9, magnitude: 3)
    let expected = (0..<5).map { x.row($0).map { min(max($0, -1), 0.5) } }
    try Processor(threads: 2, tier: tier).clamp(x, to: -1...0.5)
    #expect((0..<5).map { x.row($0) } == expected)
  }
}
