internal import Bytes
internal import Messages
internal import RPC
internal import Serving

extension Command {
  static let predict = Command(
    name: "predict", summary: "Runs a model on texts, a feature row or a picture.",
    positionals: "MODEL [TEXT...]", arity: 1...1001,
    options: clientOptions + [
      featuresOption,
      .option("image", "FILE", "a picture instead of texts"),
      .option("version", "N", "version of the model", initial: "latest"),
      .option("top", "K", "labels to show", initial: "all"),
      .flag("json", "print the whole answer as JSON"),
    ]
  ) { arguments in
    var request = ApusV1.PredictRequest(
      model: arguments.positionals[0], version: arguments["version"] ?? "")
    request.instances = try await instances(arguments)
    request.options = ApusV1.PredictOptions(
      topK: try arguments.integer("top", 1...100_000).map { UInt32($0) })
    let answer = try await withServer(arguments) { connection, options in
      try await ApusV1.InferenceClient(connection).predict(request, options: options)
    }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.predict(answer) : PlainText.predict(answer))
  }

  static let generate = Command(
    name: "generate", summary: "Continues a prompt and prints tokens as they come.",
    positionals: "MODEL PROMPT", arity: 2...2,
    options: clientOptions + [.option("version", "N", "version of the model", initial: "latest")]
      + sampling + [.flag("quiet", "print the text alone, without the closing line")]
  ) { arguments in
    var request = ApusV1.StreamPredictRequest(
      model: arguments.positionals[0], version: arguments["version"] ?? "",
      prompt: arguments.positionals[1])
    request.sampling = try samplingOptions(arguments)
    try await withServer(arguments) { connection, options in
      let client = ApusV1.InferenceClient(connection)
      let call = try await client.streamPredict(request, options: options)
      while let token = try await call.next() {
        try StandardOutput.write(token.text)
        guard token.finishReason != .unspecified else { continue }
        try StandardOutput.line("")
        if !arguments.has("quiet") { printError(PlainText.closing(token)) }
      }
    }
  }

  static let models = Command(
    name: "models", summary: "Lists the models of a server, or describes one.",
    positionals: "[MODEL]", arity: 0...1,
    options: clientOptions + [.flag("json", "print JSON")]
  ) { arguments in
    let models = try await withServer(arguments) { connection, options -> [ApusV1.ModelInfo] in
      let client = ApusV1.InferenceClient(connection)
      if let name = arguments.positionals.first {
        let answer = try await client.getModel(
          ApusV1.GetModelRequest(name: name), options: options)
        return answer.model.map { [$0] } ?? []
      }
      return try await client.listModels(ApusV1.ListModelsRequest(), options: options).models
    }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.models(models) : PlainText.models(models))
  }

  // MARK: Arguments

  /// How tokens are drawn.
  static let sampling: [Option] = [
    .option("max-tokens", "N", "most tokens to write", initial: "\(maxTokens)"),
    .option("temperature", "T", "0 takes the likeliest token", initial: "0"),
    .option("top-k", "K", "draw from the K likeliest", initial: "all"),
    .option("top-p", "P", "draw from the likeliest that reach P together", initial: "1"),
    .option("min-p", "P", "leave out what is rarer than P of the likeliest", initial: "0"),
    .option("repetition-penalty", "R", "above 1, repeat less", initial: "1"),
    .option("seed", "N", "the same seed gives the same text", initial: "random"),
    .option("stop", "TEXT", "end before this text"),
  ]
  static let maxTokens = 128

  static let featuresOption = Option.option(
    "features", "V,V,…",
    "a row instead of texts: numbers, texts (\"b, c\" in quotes), nothing where one is missing")

  static func instances(_ arguments: Arguments) async throws -> [ApusV1.Instance] {
    let texts = arguments.positionals.dropFirst()
    let (features, image) = (arguments["features"], arguments["image"])
    guard [!texts.isEmpty, features != nil, image != nil].count(where: \.self) == 1 else {
      throw UsageError(
        "give at least one TEXT, or else --features or --image", command: arguments.command)
    }
    if let image { return [try picture(image, arguments)] }
    guard let features else { return texts.map { ApusV1.Instance(kind: .text($0)) } }
    let line = try FeatureLine(features, command: arguments.command)
    let row = try await line.hasTexts ? line.row(for: inputs(arguments)) : line.numbers()
    return [ApusV1.Instance(kind: .features(row))]
  }

  /// What the version takes that is to be called.
  private static func inputs(_ arguments: Arguments) async throws -> [ApusV1.TensorInfo] {
    let request = ApusV1.GetModelRequest(name: arguments.positionals[0])
    let model = try await withServer(arguments) { connection, options in
      try await ApusV1.InferenceClient(connection).getModel(request, options: options).model
    }
    let version = arguments["version"]
    let wanted = model?.labels.first { $0.label == version }?.version ?? version
    let ready = (model?.versions ?? []).filter { $0.state == .ready }
    let isLatest = wanted == nil || wanted == "latest"
    guard let found = isLatest ? ready.first : ready.first(where: { $0.version == wanted }) else {
      throw UsageError(
        "--features: no such version of \(arguments.positionals[0]) answers, which would tell "
          + "its columns", command: arguments.command)
    }
    return found.inputs
  }

  /// The file as it is: the server looks at what it is.
  private static func picture(
    _ path: String, _ arguments: Arguments
  ) throws(UsageError) -> ApusV1.Instance {
    do throws(FileError) {
      let bytes = try SmallFile.bytes(path, limit: 1 << 30)
      return ApusV1.Instance(kind: .image(ApusV1.Image(data: bytes)))
    } catch { throw UsageError("--image \(error)", command: arguments.command) }
  }

  static func samplingOptions(_ arguments: Arguments) throws -> ApusV1.SamplingOptions {
    var options = ApusV1.SamplingOptions()
    options.maxTokens = UInt32(try arguments.integer("max-tokens", 1...1_000_000) ?? maxTokens)
    options.temperature = try arguments.number("temperature", SamplingRanges.temperature)
    options.topK = try arguments.integer("top-k", SamplingRanges.topK).map { UInt32($0) }
    options.topP = try arguments.number("top-p", SamplingRanges.topP)
    options.minP = try arguments.number("min-p", SamplingRanges.minP)
    options.repetitionPenalty = try arguments.number(
      "repetition-penalty", SamplingRanges.repetitionPenalty)
    options.seed = try arguments.value("seed", "a whole number") { UInt64($0) }
    if let stop = arguments["stop"] { options.stop = [stop] }
    return options
  }
}
