internal import CKernels

/// The weights of a quantized convolution, packed once at load for the kernels, and what becomes of
/// its sums.
///
/// Values of images are unsigned, weights signed; a model whose values are signed is the same with
/// 128 added to its values and zero points.
///
/// `@unchecked Sendable`: the memory is written only inside init, before the object is shared.
@safe
package final class PackedConvolution: @unchecked Sendable {
  package let outputs: Int
  package let taps: Int
  package let channels: Int
  package let quantization: OutputQuantization
  /// Bytes of one tap: the channels, padded.
  let run: Int
  /// Weights, biases, sums and scales, each 64-byte aligned.
  private let memory: SlabMemory
  private let weightBytes: Int

  /// - Parameters:
  ///   - weights: s8 [outputs][taps][channels]; a tap is what the plan says, and the channels are
  ///     its values.
  ///   - bias: s32 [outputs], in units of input scale times weight scale; empty for none.
  ///   - inputZero: the value that stands for zero in the input.
  /// - Throws: `ComputeError` for numbers that do not fit each other.
  package init(
    weights: Span<Int8>, outputs: Int, taps: Int, channels: Int, bias: [Int32], inputZero: UInt8,
    quantization: OutputQuantization, in arena: SlabArena
  ) throws(ComputeError) {
    let run = ByteImages.pixelStride(channels)
    guard outputs > 0, outputs <= 1 << 24, taps > 0, channels > 0,
      taps.multipliedReportingOverflow(by: run).partialValue <= CK_MAX_INPUTS,
      taps <= CK_MAX_INPUTS, channels <= CK_MAX_INPUTS
    else {
      throw ComputeError(
        "a convolution of \(outputs) outputs of \(taps) places with \(channels) channels; "
          + "1 to \(1 << 24) outputs of 1 to \(CK_MAX_INPUTS) values are allowed")
    }
    guard weights.count == outputs * taps * channels, bias.isEmpty || bias.count == outputs,
      quantization.scales.count == outputs
    else {
      throw ComputeError(
        "\(weights.count) weights, \(bias.count) biases and \(quantization.scales.count) scales "
          + "for \(outputs) outputs of \(taps) × \(channels) values")
    }
    let padded = (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL
    self.outputs = outputs
    self.taps = taps
    self.channels = channels
    self.quantization = quantization
    self.run = run
    weightBytes = padded * taps * run
    memory = try SlabMemory(count: weightBytes + 3 * padded * 4, in: arena)
    let panels = unsafe memory.base.assumingMemoryBound(to: Int8.self)
    for output in 0..<outputs {
      var sum: Int32 = 0
      let panel = unsafe panels + output / CK_PANEL * taps * run * CK_PANEL + output % CK_PANEL * 4
      for tap in 0..<taps {
        for channel in 0..<channels {
          let weight = weights[(output * taps + tap) * channels + channel]
          let place = tap * run + channel
          unsafe panel[place / 4 * CK_PANEL * 4 + place % 4] = weight
          sum += Int32(weight)
        }
      }
      unsafe sums[output] = sum
      let correction = Int(inputZero) * Int(sum)
      guard let bias = Int32(exactly: (bias.isEmpty ? 0 : Int(bias[output])) - correction) else {
        throw ComputeError("bias \(output) does not fit into 32 bits with its zero points")
      }
      unsafe biases[output] = bias
      unsafe scales[output] = quantization.scales[output]
    }
  }

  /// Bytes of packed weights and what belongs to them.
  package var byteCount: Int { memory.count }
  var panels: Int { (outputs + CK_PANEL - 1) / CK_PANEL }
  private var paddedOutputs: Int { panels * CK_PANEL }

  /// s8 [panels][taps][run / 4][64][4]
  var weights: UnsafePointer<Int8> {
    unsafe UnsafePointer(memory.base.assumingMemoryBound(to: Int8.self))
  }
  /// s32 [panels · 64]: less the input's zero point times the sum.
  var biases: UnsafeMutablePointer<Int32> {
    unsafe (memory.base + weightBytes).assumingMemoryBound(to: Int32.self)
  }
  /// s32 [panels · 64]
  var sums: UnsafeMutablePointer<Int32> { unsafe biases + paddedOutputs }
  /// f32 [panels · 64]
  var scales: UnsafeMutablePointer<Float> {
    unsafe UnsafeMutableRawPointer(sums + paddedOutputs).assumingMemoryBound(to: Float.self)
  }
}

/// How the sums of a quantized convolution become bytes: `round(sum · scale)`, to nearest even,
/// plus the zero point, kept within the range.
package struct OutputQuantization: Sendable, Equatable {
  /// For each output: input scale · weight scale / output scale.
  package var scales: [Float]
  /// The value that stands for zero.
  package var zero: UInt8
  /// What is allowed: from the zero point up behind a Relu.
  package var range: ClosedRange<UInt8>

  package init(scales: [Float], zero: UInt8, range: ClosedRange<UInt8> = 0...255) {
    self.scales = scales
    self.zero = zero
    self.range = range
  }
}

/// Another tensor that is added to what a convolution gives, after that has become bytes: the end
/// of a residual block.
package struct ByteAddition {
  /// Of the shape of the output.
  package var other: ByteImages
  /// Scale of the convolution's own bytes over that of the sum.
  package var kept: Float
  /// Scale of `other` over that of the sum.
  package var added: Float
  /// The value that stands for zero in the sum.
  package var zero: UInt8
  package var range: ClosedRange<UInt8>

  package init(
    _ other: ByteImages, kept: Float, added: Float, zero: UInt8,
    range: ClosedRange<UInt8> = 0...255
  ) {
    self.other = other
    self.kept = kept
    self.added = added
    self.zero = zero
    self.range = range
  }
}
