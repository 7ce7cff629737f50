internal import Bytes
internal import Serving

// Settings on the command line, and what `apus config` does with them.

extension Command {
  /// What `serve` takes, and what tells of it.
  static let settings: [Option] =
    [
      .option(
        "config", "FILE", "settings in YAML; APUS_… variables and flags go before it",
        initial: "./\(ConfigurationSource.defaultFile) if it is there")
    ] + ServerSettings.all.map(Option.init)

  static let configuration = [configCheck, configPrint]

  private static let configCheck = Command(
    name: "config check",
    summary: "Tells all that is wrong with a configuration, and with each model.yaml.",
    positionals: "[FILE]", arity: 0...1, options: settings
  ) { arguments in
    let loaded = try load(arguments)
    try StandardOutput.line("\(loaded.file ?? "no file"): all is well")
    let models = loaded.server.models
    // Without a word about models there need be none here.
    guard loaded.origin(of: "models") != .initial || Folder.exists(models) else { return }
    let check = ModelFolderCheck(models)
    for note in check.notes { printError(note) }
    for problem in check.problems { printError(problem.description) }
    if !check.problems.isEmpty { throw failure(check.problems.count) }
    if check.count > 0 {
      try StandardOutput.line("\(models): all is well with \(check.count) model.yaml")
    }
  }

  private static let configPrint = Command(
    name: "config print", summary: "Shows what is in force, and who said so, as YAML.",
    positionals: "[FILE]", arity: 0...1, options: settings
  ) { arguments in
    try StandardOutput.write(ConfigurationText.of(try load(arguments)))
  }

  private static func load(_ arguments: Arguments) throws -> LoadedConfiguration {
    do throws(ConfigurationProblems) {
      let loaded = try ConfigurationSource(arguments).load()
      for note in loaded.notes { printError(note) }
      return loaded
    } catch {
      printError(error.description)
      throw failure(error.all.count, error.isOfCommandLine ? ExitCode.usage : ExitCode.callFailed)
    }
  }

  private static func failure(_ count: Int, _ code: Int32 = ExitCode.callFailed) -> Outcome {
    Outcome(code: code, description: count == 1 ? "1 error" : "\(count) errors")
  }
}

extension Command.Option {
  fileprivate init(_ setting: ServerSettings.Entry) {
    name = setting.name
    value = setting.placeholder
    help = setting.help
    initial = setting.placeholder == nil ? nil : setting.initial
    mayBeFalse = setting.placeholder == nil
  }
}

extension ConfigurationSource {
  /// What `apus serve` would find here without any flag.
  static var ofThisPlace: ConfigurationSource {
    let variables = Environment.current()
    return ConfigurationSource(file: variables[Environment.file], variables: variables)
  }

  /// Flags, the variables of this process, and the file that one of them or `[FILE]` names.
  init(_ arguments: Arguments) {
    let variables = Environment.current()
    var flags: [String: String] = [:]
    for setting in ServerSettings.all { flags[setting.name] = arguments[setting.name] }
    self.init(
      file: arguments.positionals.first ?? arguments["config"] ?? variables[Environment.file],
      variables: variables, flags: flags)
  }
}
