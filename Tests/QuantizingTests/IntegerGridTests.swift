import Testing

@testable import Quantizing

struct IntegerGridTests {
  @Test func zeroIsAStepOfEveryGrid() {
    let relu = IntegerGrid(low: 0, high: 2.55, isSigned: false)
    #expect(relu.zero == 0 && abs(relu.scale - 0.01) < 1e-6)
    #expect(IntegerGrid(low: 0, high: 2.55, isSigned: true).zero == -128)
    #expect(IntegerGrid(low: -1, high: 1.55, isSigned: false).zero == 100)
    // A range beside zero is stretched to it.
    #expect(IntegerGrid(low: 1, high: 2, isSigned: false).zero == 0)
    #expect(IntegerGrid(low: -2, high: -1, isSigned: false).zero == 255)
    #expect(IntegerGrid(low: 0, high: 0, isSigned: false).scale == 1)
  }

  @Test func aGridIsFiniteWhateverTheRange() {
    let wide = IntegerGrid(
      low: -.greatestFiniteMagnitude, high: .greatestFiniteMagnitude, isSigned: false)
    #expect(wide.scale.isFinite && wide.zero == 128)
    // What is as good as nothing has no steps.
    #expect(IntegerGrid(low: -0x1p-140, high: 0x1p-130, isSigned: false).scale == 1)
    let made = IntegerWeights(
      [1e-20, 1e-20], shape: [2, 1], axis: 0, bias: [1e30, 0], inputScale: 1e-30)
    #expect(made.scales.allSatisfy(\.isFinite) && made.bias?[0] ?? 0 > 0)
  }

  @Test func eachOutputHasItsScale() {
    let made = IntegerWeights(
      [1, -0.5, 100, 50], shape: [2, 2], axis: 0, bias: [1, -100], inputScale: 0.5)
    let scales: [Float] = [1 / 127, 100 / 127]
    #expect(made.scales == scales)
    #expect(made.values.map { Int8(bitPattern: $0) } == [127, -64, 127, 64])
    #expect(made.bias == [254, -254])
    let across = IntegerWeights(
      [1, -0.5, 100, 50], shape: [2, 2], axis: 1, bias: nil, inputScale: 0.5)
    let others: [Float] = [100 / 127, 50 / 127]
    #expect(across.scales == others)
  }

  @Test func aBiasFitsHoweverSmallTheWeights() {
    let made = IntegerWeights(
      [1e-20, 0], shape: [2, 1], axis: 0, bias: [1000, 0], inputScale: 0.01)
    #expect(made.bias?[0] ?? 0 > 1 << 29)
    #expect(made.values[0] == 0)
    #expect(abs(Float(made.bias?[0] ?? 0) * made.scales[0] * 0.01 - 1000) < 1)
    #expect(made.scales[1] == 1)
  }
}
