import Compute
import Glibc

/// The quantized convolutions of ResNet-18 and MobileNet v2, each beside the dot-product peak, and
/// what an image takes of them in all.
enum Convolutions {
  static let command = Command(
    name: "convolutions",
    summary: "int8 convolutions of ResNet-18 and MobileNet v2: [--threads 1,2] [--batches 1,8]",
    run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let batches = try options.integers("batches", default: [1, 8])
    for count in threads {
      let processor = try Processor(threads: count)
      for batch in batches {
        for (model, layers) in ConvolutionLayer.models {
          let peak = Gemm.peakOperations(processor)
          print("\n\(model), \(count) threads, batch \(batch): the peak is \(fixed(peak)) GOPS")
          var image = 0.0
          for layer in layers {
            let time = try measure(layer, batch, processor, peak, &report)
            image += time * Double(layer.count) / Double(batch)
          }
          print("  all of an image: \(fixed(image * 1e3, 2)) ms, \(fixed(1 / image, 1)) images/s")
          report.add(
            "apus", "\(model) convolutions batch=\(batch)", threads: count, "images/s", 1 / image)
        }
      }
    }
  }

  private static func measure(
    _ layer: ConvolutionLayer, _ batch: Int, _ processor: Processor, _ peak: Double,
    _ report: inout Report
  ) throws -> Double {
    let pad = layer.kernel / 2
    let shape = ConvolutionShape(
      height: layer.size, width: layer.size, channels: layer.channels,
      kernel: (layer.kernel, layer.kernel), strides: (layer.stride, layer.stride),
      padding: ImageBorder(top: pad, left: pad, bottom: pad, right: pad))
    let plan = try layer.groups == 1 ? ConvolutionPlan.best(for: shape) : ConvolutionPlan(shape)
    let depth = shape.taps * layer.channels / layer.groups
    let weights = (0..<layer.outputs * depth).map { Int8(truncatingIfNeeded: $0 &* 7919) }
    let quantization = OutputQuantization(
      scales: [Float](repeating: 1e-3, count: layer.outputs), zero: 0)
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
    let time: Double
    if layer.groups == 1 {
      let packed = try PackedConvolution(
        weights: weights.span, outputs: layer.outputs, taps: plan.taps, channels: plan.tapValues,
        bias: [], inputZero: 0, quantization: quantization, in: SlabArena())
      time = bestTime { processor.convolve(input, by: packed, plan, into: output) }
    } else {
      let packed = try GroupedConvolution(
        weights: weights.span, outputs: layer.outputs, taps: plan.taps, channels: layer.channels,
        groups: layer.groups, bias: [], inputZero: 0, quantization: quantization, in: SlabArena())
      time = bestTime { processor.convolve(input, by: packed, plan, into: output) }
    }
    let rate = 2e-9 * Double(batch * shape.pixels * layer.outputs * depth) / time
    let work =
      "\(layer.kernel)×\(layer.kernel)/\(layer.stride) \(layer.size)² "
      + (layer.groups == 1 ? "\(layer.channels)→\(layer.outputs)" : "\(layer.channels) deep")
    print(
      "  " + column(work, 22, left: true) + column(fixed(time * 1e6, 1), 9) + " µs"
        + column(fixed(rate), 7) + " GOPS" + column(fixed(100 * rate / peak), 5) + " %")
    report.add(
      "apus", "convolution \(work) batch=\(batch)", threads: processor.threads, "GOPS", rate)
    fflush(nil)
    return time
  }
}
