internal import Glibc
internal import RPC
internal import Serving

extension Command {
  static let serve = Command(
    name: "serve", summary: "Serves the models of a folder over gRPC and HTTP.", positionals: "",
    arity: 0...0,
    options: files + accounts + jobs + LimitFlags.grpc.map(Option.init)
      + LimitFlags.http.map(Option.init)
      + LimitFlags.server.map(Option.init) + reports,
    prepare: { try InferenceServer.takeOverSignals() }
  ) { arguments in
    try await InferenceServer(try configuration(arguments)).run()
  }

  /// What holds without any option.
  private static let defaults = ServerConfiguration()

  private static let files: [Option] = [
    .option(
      "models", "LIST",
      "folders of models, DIR/<name>/<version>/…, and buckets, s3://BUCKET/PREFIX, commas between",
      initial: "./\(defaults.models) if it is there"),
    .option(
      "s3-cache", "DIR", "where models from buckets are kept; see docs/models.md",
      initial: "-models beside --database"),
    .option("grpc", "ADDRESS", "host:port or unix:/path", initial: defaults.address),
    .option("http", "ADDRESS", "the same for HTTP, or off", initial: defaults.httpAddress ?? "off"),
    .option(
      "http-origins", "LIST", "web pages that may call: origins with commas between, or *",
      initial: "none"),
    .option("loops", "N", "event loops", initial: "one per core"),
    .option("threads", "N", "threads that compute", initial: "one per core"),
  ]

  private static let reports: [Option] = [
    .option(
      "readiness", "all|any", "how many models must answer to be ready",
      initial: defaults.readiness.rawValue),
    .option(
      "log-format", "human|json", "how log lines look (standard error)",
      initial: defaults.logFormat.rawValue),
    .option(
      "log-level", "LEVEL", "debug, info, warning or error", initial: defaults.logLevel.name),
    .option(
      "call-log", "all|errors|none", "which calls leave a line",
      initial: defaults.callLog.rawValue),
  ]

  private static func configuration(_ arguments: Arguments) throws(UsageError)
    -> ServerConfiguration
  {
    var configuration = ServerConfiguration(models: try models(arguments))
    configuration.s3.cache = arguments["s3-cache"]
    configuration.address = try arguments.address("grpc") ?? configuration.address
    configuration.httpAddress =
      arguments["http"] == "off" ? nil : try arguments.address("http") ?? configuration.httpAddress
    configuration.httpOrigins =
      arguments["http-origins"]?.split(separator: ",").map(String.init) ?? []
    configuration.accounts = try accounts(arguments)
    configuration.jobs = try jobs(arguments)
    try setLimits(&configuration.jobs, LimitFlags.jobs, arguments)
    configuration.loops = try arguments.integer("loops", 1...256)
    configuration.threads = try arguments.integer("threads", 1...256)
    try setLimits(&configuration.limits, LimitFlags.grpc, arguments)
    try setLimits(&configuration.httpLimits, LimitFlags.http, arguments)
    try setLimits(&configuration, LimitFlags.server, arguments)
    configuration.logFormat =
      try arguments.value("log-format", "human or json") { Log.Format(rawValue: $0) }
      ?? configuration.logFormat
    configuration.logLevel =
      try arguments.value("log-level", "debug, info, warning or error") { text in
        LogEntry.Level.allCases.first { $0.name == text }
      } ?? configuration.logLevel
    configuration.callLog =
      try arguments.value("call-log", "all, errors or none") { CallLog.Scope(rawValue: $0) }
      ?? configuration.callLog
    configuration.readiness =
      try arguments.value("readiness", "all or any") { Readiness.Requirement(rawValue: $0) }
      ?? configuration.readiness
    return configuration
  }

  private static func models(_ arguments: Arguments) throws(UsageError) -> String {
    if let given = arguments["models"] {
      if let problem = ServerConfiguration.problem(withModels: given) {
        throw UsageError("--models: \(problem)", command: "serve")
      }
      return given
    }
    var info = stat()
    guard unsafe stat(defaults.models, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw UsageError(
        "which models? Give --models DIR, a folder that holds DIR/<name>/<version>/…, or "
          + "s3://BUCKET/PREFIX; "
          + "there is no folder ./\(defaults.models) here", command: "serve")
    }
    return defaults.models
  }

  private static func setLimits<Limits>(
    _ limits: inout Limits, _ flags: [LimitFlag<Limits>], _ arguments: Arguments
  ) throws(UsageError) {
    for flag in flags {
      _ = try arguments.value(flag.name, flag.expected) { flag.set($0, in: &limits) ? true : nil }
    }
  }
}

extension Command.Option {
  init<Limits>(_ flag: LimitFlag<Limits>) {
    self = .option(flag.name, flag.placeholder, flag.help, initial: flag.initial)
  }
}
