internal import CKernels

/// The weights of a convolution of each channel by itself, packed once at load for the kernels.
///
/// `@unchecked Sendable`: the memory is written only inside init, before the object is shared.
@safe
final class DepthwiseWeights: @unchecked Sendable {
  let channels: Int
  /// The kernel as it is taken: a square if its taps can be one, else a column. They count in the
  /// order of rows, so that any kernel of as many taps is computed.
  let rows: Int
  let columns: Int
  /// Weights, biases, sums and scales, each 64-byte aligned.
  private let memory: SlabMemory
  private let weightBytes: Int

  /// - Parameters:
  ///   - weights: s8 [channels][taps]
  ///   - bias: s32 [channels], or empty.
  ///   - scales: f32 [channels]
  init(
    weights: Span<Int8>, channels: Int, taps: Int, bias: [Int32], inputZero: UInt8,
    scales outputScales: [Float], in arena: SlabArena
  ) throws(ComputeError) {
    let panels = (channels + CK_PANEL - 1) / CK_PANEL
    let padded = panels * CK_PANEL
    columns = Self.squareRoot(taps) ?? 1
    rows = taps / columns
    let blocks = (rows + 3) / 4
    self.channels = channels
    weightBytes = padded * columns * blocks * 4
    memory = try SlabMemory(count: weightBytes + 3 * padded * 4, in: arena)
    let packed = unsafe memory.base.assumingMemoryBound(to: Int8.self)
    for channel in 0..<channels {
      let panel = channel / CK_PANEL
      let place = Self.place(channel % CK_PANEL)
      let start = unsafe packed + (panel * columns * blocks * CK_PANEL + place) * 4
      var sum: Int32 = 0
      for tap in 0..<taps {
        let weight = weights[channel * taps + tap]
        let row = tap / columns
        let block = tap % columns * blocks + row / 4
        unsafe start[block * CK_PANEL * 4 + row % 4] = weight
        sum += Int32(weight)
      }
      let correction = Int(inputZero) * Int(sum)
      guard let bias = Int32(exactly: (bias.isEmpty ? 0 : Int(bias[channel])) - correction) else {
        throw ComputeError("bias \(channel) does not fit into 32 bits with its zero points")
      }
      unsafe biases[panel * CK_PANEL + place] = bias
      unsafe sums[panel * CK_PANEL + place] = sum
      unsafe scales[panel * CK_PANEL + place] = outputScales[channel]
    }
  }

  /// Where an output stands in its panel: see ck_depthwise_u8.
  private static func place(_ output: Int) -> Int {
    output / 4 % 4 * 16 + output / 16 * 4 + output % 4
  }

  private static func squareRoot(_ taps: Int) -> Int? {
    (1...256).first { $0 * $0 == taps }
  }

  /// How many columns further a pixel of the plan has those of the pixel before it, see
  /// ck_depthwise_u8.
  func shift(in plan: ConvolutionPlan) -> Int {
    let shape = plan.shape
    guard shape.kernel.width == columns, shape.strides.right % shape.dilations.right == 0 else {
      return columns
    }
    return min(columns, shape.strides.right / shape.dilations.right)
  }

  var byteCount: Int { memory.count }
  var panels: Int { (channels + CK_PANEL - 1) / CK_PANEL }

  /// s8 [panels][columns][⌈rows / 4⌉][64 places][4]
  var weights: UnsafePointer<Int8> {
    unsafe UnsafePointer(memory.base.assumingMemoryBound(to: Int8.self))
  }
  /// s32 [panels][64 places]: less the input's zero point times the sum.
  var biases: UnsafeMutablePointer<Int32> {
    unsafe (memory.base + weightBytes).assumingMemoryBound(to: Int32.self)
  }
  /// s32 [panels][64 places]
  var sums: UnsafeMutablePointer<Int32> { unsafe biases + panels * CK_PANEL }
  /// f32 [panels][64 places]
  var scales: UnsafeMutablePointer<Float> {
    unsafe UnsafeMutableRawPointer(sums + panels * CK_PANEL).assumingMemoryBound(to: Float.self)
  }
}
