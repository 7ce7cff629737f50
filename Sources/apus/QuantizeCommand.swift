internal import Glibc
internal import Quantizing
internal import Serving

extension Command {
  static let quantize = Command(
    name: "quantize", summary: "Makes an ONNX model of floats one of 8-bit integers.",
    positionals: "MODEL.onnx", arity: 1...1,
    options: [
      .option(
        "calibrate", "DIR",
        "samples like those it will get: pictures, or .npy arrays; 32 to 100 are plenty"),
      .option("output", "FILE", "where to write it", initial: "MODEL-int8.onnx"),
      .option("samples", "N", "most samples to compute, spread over the folder", initial: "100"),
      .option("threads", "N", "threads to compute with", initial: "one for each core"),
      .flag("signed", "values are signed integers, too, as weights always are"),
    ]
  ) { arguments in
    let model = arguments.positionals[0]
    guard let samples = arguments["calibrate"] else {
      throw UsageError(
        "--calibrate DIR is missing: a folder of samples, by which ranges are chosen",
        command: "quantize")
    }
    let output = arguments["output"] ?? proposedOutput(model)
    let job = QuantizationJob(
      model: model, samples: samples, output: output,
      count: try arguments.integer("samples", 1...10_000) ?? 100,
      isSigned: arguments.has("signed"),
      threads: try arguments.integer("threads", 1...1024) ?? coreCount)
    // Enough to see that it goes on, and not a line for each sample.
    var next = ContinuousClock.now
    let outcome = try job.run { step in
      guard ContinuousClock.now >= next else { return }
      printError("apus quantize: \(step)")
      next = .now + .seconds(1)
    }
    try StandardOutput.line(text(of: outcome, output))
  }

  /// Beside the model, under a name of its own.
  private static func proposedOutput(_ model: String) -> String {
    let ending = ".onnx"
    return (model.hasSuffix(ending) ? String(model.dropLast(ending.count)) : model) + "-int8.onnx"
  }

  private static var coreCount: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1024) }

  private static func text(of outcome: QuantizationJob.Outcome, _ output: String) -> String {
    let cosine = (outcome.cosine * 100_000).rounded(.down) / 100_000
    return """
      \(output): \(outcome.bytesAfter) bytes, \(outcome.bytesBefore) before
      \(outcome.layers) layers and \(outcome.values) values are integers of 8 bits, by \
      \(outcome.samples) samples
      cosine to the answers in floats: \(cosine) or better
      """
  }
}
