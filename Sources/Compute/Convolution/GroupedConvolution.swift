internal import CKernels

/// The weights of a quantized convolution whose outputs see some of the channels only, packed once
/// at load: channels by themselves have a kernel of their own, other groups stand together in
/// dense blocks, with zeros where a group does not see another.
package final class GroupedConvolution: Sendable {
  package let outputs: Int
  package let groups: Int
  package let taps: Int
  /// Of all groups.
  package let channels: Int
  package let quantization: OutputQuantization
  let weights: Weights

  enum Weights {
    case depthwise(DepthwiseWeights)
    /// Dense convolutions, each with as many outputs and channels, one after the other.
    case blocks([PackedConvolution])
  }

  /// - Parameters:
  ///   - weights: s8 [outputs][taps][channels / groups]; the channels of a group lie side by side,
  ///     and so do its outputs.
  ///   - bias: s32 [outputs], in units of input scale times weight scale; empty for none.
  ///   - inputZero: the value that stands for zero in the input.
  /// - Throws: `ComputeError` for numbers that do not fit each other.
  package init(
    weights: Span<Int8>, outputs: Int, taps: Int, channels: Int, groups: Int, bias: [Int32],
    inputZero: UInt8, quantization: OutputQuantization, in arena: SlabArena
  ) throws(ComputeError) {
    guard groups > 0, outputs > 0, channels > 0, taps > 0, outputs <= 1 << 24,
      taps <= CK_MAX_INPUTS, channels <= CK_MAX_INPUTS, outputs % groups == 0,
      channels % groups == 0
    else {
      throw ComputeError(
        "\(outputs) outputs and \(channels) channels in \(groups) groups, of \(taps) places; "
          + "groups divide both, and 1 to \(CK_MAX_INPUTS) channels and places are allowed")
    }
    guard weights.count == outputs * taps * (channels / groups),
      bias.isEmpty || bias.count == outputs, quantization.scales.count == outputs
    else {
      throw ComputeError(
        "\(weights.count) weights, \(bias.count) biases and \(quantization.scales.count) scales "
          + "for \(outputs) outputs of \(taps) × \(channels / groups) values")
    }
    self.outputs = outputs
    self.groups = groups
    self.taps = taps
    self.channels = channels
    self.quantization = quantization
    if outputs == groups, channels == groups {
      self.weights = .depthwise(
        try DepthwiseWeights(
          weights: weights, channels: channels, taps: taps, bias: bias, inputZero: inputZero,
          scales: quantization.scales, in: arena))
      return
    }
    let group = (outputs: outputs / groups, channels: channels / groups)
    let together = Self.cheapest(groups: groups, group, taps: taps)
    var blocks: [PackedConvolution] = []
    for first in stride(from: 0, to: groups, by: together) {
      let places = first * group.outputs..<(first + together) * group.outputs
      var own = quantization
      own.scales = Array(quantization.scales[places])
      let dense = Self.dense(weights, groups: first..<first + together, group, taps: taps)
      blocks.append(
        try PackedConvolution(
          weights: dense.span, outputs: places.count, taps: taps,
          channels: together * group.channels, bias: bias.isEmpty ? [] : Array(bias[places]),
          inputZero: inputZero, quantization: own, in: arena))
    }
    self.weights = .blocks(blocks)
  }

  /// Bytes of packed weights and what belongs to them.
  package var byteCount: Int {
    switch weights {
    case .depthwise(let weights): weights.byteCount
    case .blocks(let blocks): blocks.reduce(0) { $0 + $1.byteCount }
    }
  }

  /// How many groups stand together in a block so that the fewest products are computed: kernels
  /// take outputs by panels and channels by four.
  private static func cheapest(
    groups: Int, _ group: (outputs: Int, channels: Int), taps: Int
  ) -> Int {
    func isAllowed(_ together: Int) -> Bool {
      groups % together == 0
        && taps * ByteImages.pixelStride(together * group.channels) <= CK_MAX_INPUTS
    }
    func cost(_ together: Int) -> Int {
      let panels = (together * group.outputs + CK_PANEL - 1) / CK_PANEL
      return groups / together * panels * ByteImages.pixelStride(together * group.channels)
    }
    // Of equals the larger, which has the longer runs.
    return (1...groups).filter(isAllowed).reversed().min { cost($0) < cost($1) } ?? 1
  }

  /// s8 [outputs][taps][channels] of some groups, zero where an output does not see a channel.
  private static func dense(
    _ weights: Span<Int8>, groups: Range<Int>, _ group: (outputs: Int, channels: Int), taps: Int
  ) -> [Int8] {
    let channels = groups.count * group.channels
    var dense = [Int8](repeating: 0, count: groups.count * group.outputs * taps * channels)
    for (index, number) in groups.enumerated() {
      for output in 0..<group.outputs {
        for tap in 0..<taps {
          let from = ((number * group.outputs + output) * taps + tap) * group.channels
          let to = ((index * group.outputs + output) * taps + tap) * channels
          for channel in 0..<group.channels {
            dense[to + index * group.channels + channel] = weights[from + channel]
          }
        }
      }
    }
    return dense
  }
}
