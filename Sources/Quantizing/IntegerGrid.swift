internal import Models

/// How floats become integers of 8 bits: `round(x / scale) + zero`.
struct IntegerGrid: Equatable {
  let scale: Float
  let zero: Int
  let isSigned: Bool

  /// Steps below are of numbers that are as good as nothing, and so small that products of scales
  /// would leave the range of floats.
  private static let leastStep = 1e-30

  /// For a range that has zero in it.
  init(low: Float, high: Float, isSigned: Bool) {
    self.isSigned = isSigned
    let (low, high) = (Double(min(low, 0)), Double(max(high, 0)))
    let step = (high - low) / 255
    let offset = isSigned ? -128 : 0
    guard step >= Self.leastStep else {
      (scale, zero) = (1, offset)
      return
    }
    scale = Float(step)
    zero = min(max(Int((-low / step).rounded()), 0), 255) + offset
  }

  var type: ONNXElementType { isSigned ? .int8 : .uint8 }
}

/// Weights as signed integers of 8 bits with a scale for each output, and the bias as integers of
/// 32 bits that fit the sums.
struct IntegerWeights {
  let values: [UInt8]
  let scales: [Float]
  let bias: [Int32]?

  /// - Parameters:
  ///   - axis: that of the outputs.
  ///   - inputScale: of what is multiplied with them.
  init(
    _ weights: [Float], shape: [Int], axis: Int, bias: [Float]?, inputScale: Float
  ) {
    let (outputs, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    var largest = [Float](repeating: 0, count: outputs)
    for (index, weight) in weights.enumerated() {
      let output = index / inner % outputs
      largest[output] = max(largest[output], abs(weight))
    }
    let scales = largest.enumerated().map { output, largest -> Float in
      // Weights of nearly nothing with a bias: the bias must fit into 32 bits all the same.
      let least = bias.map { Double(abs($0[output])) / Double(inputScale) / 0x1p30 } ?? 0
      let scale = Float(min(max(Double(largest) / 127, least), 0x1p126))
      return scale * inputScale < Float.leastNormalMagnitude ? 1 : scale
    }
    values = weights.enumerated().map { index, weight in
      let steps = (weight / scales[index / inner % outputs]).rounded(.toNearestOrEven)
      return UInt8(bitPattern: Int8(min(max(steps, -127), 127)))
    }
    self.scales = scales
    self.bias = bias?.enumerated().map { output, value in
      let steps = Double(value) / (Double(inputScale) * Double(scales[output]))
      return Int32(min(max(steps.rounded(.toNearestOrEven), -0x7FFF_FFFF), 0x7FFF_FFFF))
    }
  }
}
