internal import Compute
internal import Models

/// Packs the weights of a quantized convolution for the kernels.
struct ConvolutionPacker {
  let draft: ConvolutionDraft
  let inputScale: ByteScale
  let target: ByteTarget
  let options: FusionOptions

  private var outputs: Int { draft.weights.shape[draft.isTransposed ? 1 : 0] }
  /// Of one group.
  private var channels: Int { draft.weights.shape[draft.isTransposed ? 0 : 1] }
  private var area: Int { draft.kernel.height * draft.kernel.width }

  /// - Parameter joinsRows: whether a tap is a row of the kernel.
  func pack(joinsRows: Bool) throws -> ByteConvolution.Weights {
    let units = (0..<outputs).map { output in
      inputScale.scale * draft.weightScales[draft.weightScales.count == 1 ? 0 : output]
    }
    let bias = try draft.bias.inUnits(units)
    let quantization = OutputQuantization(
      scales: units.map { $0 / target.scale.scale }, zero: target.scale.zero, range: target.range)
    if draft.groups > 1 { return .grouped(try grouped(bias, quantization)) }
    return .dense(try joinsRows ? joined(bias, quantization) : dense(bias, quantization))
  }

  private func grouped(
    _ bias: [Int32], _ quantization: OutputQuantization
  ) throws -> GroupedConvolution {
    let weights = channelsLast()
    return try GroupedConvolution(
      weights: weights.span, outputs: outputs, taps: area, channels: channels * draft.groups,
      groups: draft.groups, bias: bias, inputZero: inputScale.zero, quantization: quantization,
      in: options.arena)
  }

  private func joined(
    _ bias: [Int32], _ quantization: OutputQuantization
  ) throws -> PackedConvolution {
    let weights = channelsLast()
    return try PackedConvolution(
      weights: weights.span, outputs: outputs, taps: draft.kernel.height,
      channels: draft.kernel.width * channels, bias: bias, inputZero: inputScale.zero,
      quantization: quantization, in: options.arena)
  }

  private func dense(
    _ bias: [Int32], _ quantization: OutputQuantization
  ) throws -> PackedConvolution {
    let weights = draft.weights.values(Int8.self)
    return try PackedConvolution(
      weights: weights.span, order: order, outputs: outputs, taps: area, channels: channels,
      bias: bias, inputZero: inputScale.zero, quantization: quantization, in: options.arena,
      on: options.processor)
  }

  /// Where the weights lie in the file.
  private var order: WeightOrder {
    draft.isTransposed
      ? WeightOrder(output: 1, tap: 1, channel: outputs)
      : WeightOrder(output: channels * area, tap: 1, channel: area)
  }

  /// s8 [outputs][height][width][channels of a group], of few weights.
  private func channelsLast() -> [Int8] {
    let from = draft.weights.values(Int8.self)
    var weights: [Int8] = []
    weights.reserveCapacity(from.count)
    for output in 0..<outputs {
      for tap in 0..<area {
        for channel in 0..<channels {
          weights.append(from[(output * channels + channel) * area + tap])
        }
      }
    }
    return weights
  }
}

extension ByteBias {
  /// s32 [outputs]; empty for none.
  ///
  /// - Parameter units: what one of the sums stands for.
  fileprivate func inUnits(_ units: [Float]) throws -> [Int32] {
    switch self {
    case .none: return []
    case .sums(let tensor): return tensor.values(Int32.self).array
    case .floats(let tensor):
      let values = tensor.values(Float.self)
      return try units.indices.map { output in
        let sums = (values[output] / units[output]).rounded(.toNearestOrEven)
        guard let bias = Int32(exactly: sums) else {
          throw GraphError("the bias \(values[output]) does not fit its scale \(units[output])")
        }
        return bias
      }
    }
  }
}
