import CKernels
import Glibc
import TestSupport
import Testing

@testable import Compute

/// Weights of convolutions in the orders that files have, packed into a panel: each at its place,
/// and nothing read behind the last.
@Suite struct PackConvolutionTests {
  /// Bytes that end where no memory is.
  private final class Guarded {
    private let start: UnsafeMutableRawPointer
    private let whole: Int
    let bytes: UnsafeMutableBufferPointer<Int8>

    init(_ count: Int) throws {
      let page = 4096
      whole = (count + page - 1) / page * page + page
      start = try #require(
        mmap(nil, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
      try #require(start != MAP_FAILED && mprotect(start + whole - page, page, PROT_NONE) == 0)
      bytes = UnsafeMutableBufferPointer(
        start: (start + whole - page - count).assumingMemoryBound(to: Int8.self), count: count)
    }

    deinit { munmap(start, whole) }
  }

  enum Order: CaseIterable { case channelsLast, planes, outputsLast }

  @Test(arguments: Order.allCases)
  func everyWeightIsAtItsPlace(order: Order) throws {
    var random = SeededGenerator(seed: 3)
    for taps in [1, 2, 3, 4, 9, 15, 16, 17, 25, 33, 49] {
      for channels in [1, 3, 4, 5, 8, 19, 32] {
        for outputs in [1, 7, 64] {
          let count = outputs * taps * channels
          let weights = try Guarded(count)
          for index in 0..<count { weights.bytes[index] = Int8(random.integer(-128...127)) }
          let strides =
            switch order {
            case .channelsLast: (output: taps * channels, tap: channels, channel: 1)
            case .planes: (output: taps * channels, tap: 1, channel: taps)
            case .outputsLast: (output: 1, tap: outputs * channels, channel: outputs)
            }
          check(weights.bytes, strides, outputs: outputs, taps: taps, channels: channels)
        }
      }
    }
  }

  private func check(
    _ weights: UnsafeMutableBufferPointer<Int8>, _ strides: (output: Int, tap: Int, channel: Int),
    outputs: Int, taps: Int, channels: Int
  ) {
    let run = ByteImages.pixelStride(channels)
    var given = ck_conv_weights(
      first: weights.baseAddress, output_stride: strides.output, tap_stride: strides.tap,
      channel_stride: strides.channel, taps: taps, channels: channels, run: run)
    let panelOutputs = Int(CK_PANEL)
    var panel = [Int8](repeating: 0, count: taps * run * panelOutputs)
    var sums = [Int32](repeating: -1, count: panelOutputs)
    ck_pack_conv_s8(&given, outputs, &panel, &sums)
    var expected = [Int8](repeating: 0, count: panel.count)
    var totals = [Int32](repeating: 0, count: panelOutputs)
    for output in 0..<outputs {
      for tap in 0..<taps {
        for channel in 0..<channels {
          let weight = weights[
            output * strides.output + tap * strides.tap + channel * strides.channel]
          let group = tap * (run / 4) + channel / 4
          expected[(group * panelOutputs + output) * 4 + channel % 4] = weight
          totals[output] += Int32(weight)
        }
      }
    }
    #expect(panel == expected, "\(outputs) outputs of \(taps) taps of \(channels) channels")
    #expect(sums == totals)
  }
}
