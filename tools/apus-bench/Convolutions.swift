import Compute
import Glibc

/// The quantized convolutions of ResNet-18, each beside the dot-product peak, and what an image
/// takes of them in all.
enum Convolutions {
  static let command = Command(
    name: "convolutions",
    summary: "int8 convolutions of ResNet-18: [--threads 1,2] [--batches 1,8]", run: run)

  private struct Layer {
    let size: Int
    let channels: Int
    let outputs: Int
    let kernel: Int
    let stride: Int
    /// How often it stands in the model.
    let count: Int
  }

  private static let layers = [
    Layer(size: 224, channels: 3, outputs: 64, kernel: 7, stride: 2, count: 1),
    Layer(size: 56, channels: 64, outputs: 64, kernel: 3, stride: 1, count: 4),
    Layer(size: 56, channels: 64, outputs: 128, kernel: 3, stride: 2, count: 1),
    Layer(size: 56, channels: 64, outputs: 128, kernel: 1, stride: 2, count: 1),
    Layer(size: 28, channels: 128, outputs: 128, kernel: 3, stride: 1, count: 3),
    Layer(size: 28, channels: 128, outputs: 256, kernel: 3, stride: 2, count: 1),
    Layer(size: 28, channels: 128, outputs: 256, kernel: 1, stride: 2, count: 1),
    Layer(size: 14, channels: 256, outputs: 256, kernel: 3, stride: 1, count: 3),
    Layer(size: 14, channels: 256, outputs: 512, kernel: 3, stride: 2, count: 1),
    Layer(size: 14, channels: 256, outputs: 512, kernel: 1, stride: 2, count: 1),
    Layer(size: 7, channels: 512, outputs: 512, kernel: 3, stride: 1, count: 3),
  ]

  static func run(_ options: Options, _ report: inout Report) throws {
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let batches = try options.integers("batches", default: [1, 8])
    for count in threads {
      let processor = try Processor(threads: count)
      for batch in batches {
        let peak = Gemm.peakOperations(processor)
        print("\n\(count) threads, batch \(batch): the peak is \(fixed(peak)) GOPS")
        var image = 0.0
        for layer in layers {
          let time = try measure(layer, batch, processor, peak, &report)
          image += time * Double(layer.count) / Double(batch)
        }
        print("  all of an image: \(fixed(image * 1e3, 2)) ms, \(fixed(1 / image, 1)) images/s")
        report.add(
          "apus", "resnet18 convolutions batch=\(batch)", threads: count, "images/s", 1 / image)
      }
    }
  }

  private static func measure(
    _ layer: Layer, _ batch: Int, _ processor: Processor, _ peak: Double, _ report: inout Report
  ) throws -> Double {
    let pad = layer.kernel / 2
    let plan = try ConvolutionPlan.best(
      for: ConvolutionShape(
        height: layer.size, width: layer.size, channels: layer.channels,
        kernel: (layer.kernel, layer.kernel), strides: (layer.stride, layer.stride),
        padding: ImageBorder(top: pad, left: pad, bottom: pad, right: pad)))
    let shape = plan.shape
    let depth = shape.taps * layer.channels
    let weights = (0..<layer.outputs * depth).map { Int8(truncatingIfNeeded: $0 &* 7919) }
    let packed = try PackedConvolution(
      weights: weights.span, outputs: layer.outputs, taps: plan.taps, channels: plan.tapValues,
      bias: [], inputZero: 0,
      quantization: OutputQuantization(
        scales: [Float](repeating: 1e-3, count: layer.outputs), zero: 0), in: SlabArena())
    let input = ByteImages(
      height: layer.size, width: layer.size, channels: layer.channels, zero: 0,
      border: plan.border)
    let values = (0..<batch * layer.channels * layer.size * layer.size).map {
      Float(($0 &* 7919) % 256)
    }
    processor.quantize(
      planes: values.span, images: batch, ByteScale(scale: 1, zero: 0), into: input)
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: layer.outputs, zero: 0)
    let time = bestTime { processor.convolve(input, by: packed, plan, into: output) }
    let rate = 2e-9 * Double(batch * shape.pixels * layer.outputs * depth) / time
    let work =
      "\(layer.kernel)×\(layer.kernel)/\(layer.stride) \(layer.size)² "
      + "\(layer.channels)→\(layer.outputs)"
    print(
      "  " + column(work, 22, left: true) + column(fixed(time * 1e6, 1), 9) + " µs"
        + column(fixed(rate), 7) + " GOPS" + column(fixed(100 * rate / peak), 5) + " %")
    report.add(
      "apus", "convolution \(work) batch=\(batch)", threads: processor.threads, "GOPS", rate)
    fflush(nil)
    return time
  }
}
