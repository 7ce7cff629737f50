internal import Messages
internal import RPC
internal import Serving

// Changing the models of a running server; they ask for an administrator's key where there are
// keys.

extension Command {
  static let modelChanges: [Command] = [loadModel, unloadModel, labelModel, rollBackModel]

  private static let loadModel = Command(
    name: "models load",
    summary: "Loads a version from the models folder; the newest unless named.",
    positionals: "MODEL [VERSION]", arity: 1...2, options: clientOptions
  ) { arguments in
    let request = ApusV1.LoadModelRequest(
      model: arguments.positionals[0], version: arguments.positionals.dropFirst().first ?? "")
    try await change(arguments) { try await $0.loadModel(request, options: $1).model }
  }

  private static let unloadModel = Command(
    name: "models unload",
    summary: "Takes a version out once its calls have ended; all unless named.",
    positionals: "MODEL [VERSION]", arity: 1...2, options: clientOptions
  ) { arguments in
    let request = ApusV1.UnloadModelRequest(
      model: arguments.positionals[0], version: arguments.positionals.dropFirst().first ?? "")
    try await change(arguments) { try await $0.unloadModel(request, options: $1).model }
  }

  private static let labelModel = Command(
    name: "models label", summary: "Points a label at a version, or takes it away without one.",
    positionals: "MODEL LABEL [VERSION]", arity: 2...3,
    options: clientOptions + [
      .option("share", "S", "of the calls that name no version, from 0 to 1", initial: "0")
    ]
  ) { arguments in
    let words = arguments.positionals
    var request = ApusV1.SetLabelRequest(model: words[0], label: words[1])
    request.version = words.dropFirst(2).first ?? ""
    request.share = Double(try arguments.number("share", 0...1) ?? 0)
    try await change(arguments) { [request] in
      try await $0.setLabel(request, options: $1).model
    }
  }

  private static let rollBackModel = Command(
    name: "models rollback", summary: "Makes the version before the newest answer again.",
    positionals: "MODEL", arity: 1...1, options: clientOptions
  ) { arguments in
    let request = ApusV1.RollBackModelRequest(model: arguments.positionals[0])
    try await change(arguments) { try await $0.rollBackModel(request, options: $1).model }
  }

  /// Makes a change and shows the model as it is then.
  private static func change(
    _ arguments: Arguments,
    _ body: (ApusV1.ModelControlClient, CallOptions) async throws -> ApusV1.ModelInfo?
  ) async throws {
    let model = try await withServer(arguments) { connection, options in
      try await body(ApusV1.ModelControlClient(connection), options)
    }
    try StandardOutput.line(PlainText.models(model.map { [$0] } ?? []))
  }
}
