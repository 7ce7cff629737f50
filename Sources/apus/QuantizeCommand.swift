internal import Glibc
internal import Quantizing
internal import Serving

extension Command {
  static let quantize = Command(
    name: "quantize", summary: "Makes an ONNX model of floats one of 8-bit integers.",
    positionals: "MODEL", arity: 1...1,
    options: [
      .option(
        "calibrate", "DIR",
        "samples like those it will get: pictures, or .npy arrays; 32 to 100 are plenty"),
      .option(
        "output", "PATH",
        "NAME.onnx, or a folder to serve: with model.onnx and what stands beside the model",
        initial: "MODEL-int8.onnx"),
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
    var preparation: PicturePreparation?
    let job = QuantizationJob(
      model: model, samples: samples, output: arguments["output"],
      count: try arguments.integer("samples", 1...10_000) ?? 100,
      isSigned: arguments.has("signed"),
      threads: try arguments.integer("threads", 1...1024) ?? coreCount,
      companions: GraphFiles.companions
    ) { model, folders in
      preparation = try PicturePreparation(of: model, in: folders)
      return try preparation?.preprocessor()
    }
    // Enough to see that it goes on, and not a line for each sample.
    var next = ContinuousClock.now
    let outcome = try job.run { step in
      guard ContinuousClock.now >= next else { return }
      printError("apus quantize: \(step)")
      next = .now + .seconds(1)
    }
    try StandardOutput.line(text(of: outcome))
    if !outcome.copied.isEmpty {
      try StandardOutput.line("copied beside it: \(outcome.copied.joined(separator: ", "))")
    }
    if outcome.hasPictures, let preparation {
      try StandardOutput.line("pictures: \(preparation.words)")
    }
  }

  private static var coreCount: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1024) }

  private static func text(of outcome: QuantizationJob.Outcome) -> String {
    var lines = [
      "\(outcome.path): a file of \(Quantity.rounded(bytes: outcome.bytesAfter)); the weights in "
        + "floats have \(Quantity.rounded(bytes: outcome.bytesBefore))",
      "\(outcome.layers) layers and \(outcome.values) values are integers of 8 bits, by "
        + "\(outcome.samples) samples",
    ]
    if let cosine = outcome.cosine {
      lines.append("cosine to the answers in floats: \(cut(cosine, 100_000)) or better")
    }
    if let agreement = outcome.agreement {
      lines.append("\(cut(100 * agreement, 10)) % of what is no float is the same")
    }
    return lines.joined(separator: "\n")
  }

  private static func cut(_ number: Double, _ parts: Double) -> Double {
    (number * parts).rounded(.down) / parts
  }
}
