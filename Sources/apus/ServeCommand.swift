internal import Bytes
internal import Serving

extension Command {
  static let serve = Command(
    name: "serve", summary: "Serves the models of a folder over gRPC and HTTP.", positionals: "",
    arity: 0...0, options: settings, prepare: { try InferenceServer.takeOverSignals() }
  ) { arguments in
    var source = ConfigurationSource(arguments)
    let loaded = try source.load()
    // From here on it has to be there.
    source.file = loaded.file ?? source.file
    try checkModels(loaded)
    for note in loaded.notes { printError("apus serve: \(note)") }
    try await InferenceServer(loaded.server, source: source).run()
  }

  /// Without a word about models, the folder here has to be there.
  private static func checkModels(_ loaded: LoadedConfiguration) throws(UsageError) {
    guard loaded.origin(of: "models") == .initial else { return }
    guard Folder.exists(loaded.server.models) else {
      throw UsageError(
        "which models? Give --models DIR, a folder that holds DIR/<name>/<version>/…, or "
          + "s3://BUCKET/PREFIX; there is no folder ./\(loaded.server.models) here",
        command: "serve")
    }
  }
}
