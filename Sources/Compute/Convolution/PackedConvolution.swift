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
  ///   - order: where they lie otherwise.
  ///   - bias: s32 [outputs], in units of input scale times weight scale; empty for none.
  ///   - inputZero: the value that stands for zero in the input.
  ///   - processor: packs on its threads.
  /// - Throws: `ComputeError` for numbers that do not fit each other.
  package init(
    weights: Span<Int8>, order: WeightOrder? = nil, outputs: Int, taps: Int, channels: Int,
    bias: [Int32], inputZero: UInt8, quantization: OutputQuantization, in arena: SlabArena,
    on processor: Processor? = nil
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
    let order = order ?? WeightOrder(output: taps * channels, tap: channels, channel: 1)
    precondition(order.reach(outputs, taps, channels) < weights.count)
    unsafe weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress else { return }
      let pack = { (panel: Int) in unsafe self.pack(panel, first, order) }
      if let processor { processor.run(parts: panels, pack) } else { (0..<panels).forEach(pack) }
    }
    for output in 0..<outputs {
      let correction = unsafe Int(inputZero) * Int(sums[output])
      guard let bias = Int32(exactly: (bias.isEmpty ? 0 : Int(bias[output])) - correction) else {
        throw ComputeError("bias \(output) does not fit into 32 bits with its zero points")
      }
      unsafe biases[output] = bias
      unsafe scales[output] = quantization.scales[output]
    }
  }

  private func pack(_ panel: Int, _ first: UnsafePointer<Int8>, _ order: WeightOrder) {
    var from = unsafe ck_conv_weights(
      first: first + panel * CK_PANEL * order.output, output_stride: order.output,
      tap_stride: order.tap, channel_stride: order.channel, taps: taps, channels: channels, run: run
    )
    let to = unsafe memory.base.assumingMemoryBound(to: Int8.self) + panel * taps * run * CK_PANEL
    unsafe ck_pack_conv_s8(
      &from, min(CK_PANEL, outputs - panel * CK_PANEL), to, sums + panel * CK_PANEL)
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

/// How far apart the weights of a convolution lie in memory.
package struct WeightOrder: Sendable {
  package var output: Int
  package var tap: Int
  package var channel: Int

  package init(output: Int, tap: Int, channel: Int) {
    precondition(output > 0 && tap > 0 && channel > 0)
    self.output = output
    self.tap = tap
    self.channel = channel
  }

  /// The place of the last weight.
  func reach(_ outputs: Int, _ taps: Int, _ channels: Int) -> Int {
    (outputs - 1) * output + (taps - 1) * tap + (channels - 1) * channel
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
