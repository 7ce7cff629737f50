internal import Accounts
import Glibc
internal import RPC
internal import Serving

extension Command {
  static let serve = Command(
    name: "serve", summary: "Serves the models of a folder over gRPC and HTTP.", positionals: "",
    arity: 0...0,
    options: files + accounts + LimitFlags.grpc.map(Option.init) + LimitFlags.http.map(Option.init) + life,
    prepare: { try InferenceServer.takeOverSignals() }
  ) { arguments in
    try await InferenceServer(try configuration(arguments)).run()
  }

  private static let files: [Option] = [
    .option(
      "models", "DIR", "folder of models: DIR/<name>/<version>/…",
      initial: "./models if it is there"),
    .option("grpc", "ADDRESS", "host:port or unix:/path", initial: "127.0.0.1:8001"),
    .option("http", "ADDRESS", "the same for HTTP, or off", initial: "127.0.0.1:8000"),
    .option(
      "http-origins", "LIST", "web pages that may call: origins with commas between, or *",
      initial: "none"),
    .option("loops", "N", "event loops", initial: "one per core"),
    .option("threads", "N", "threads that compute", initial: "one per core"),
  ]

  private static let accounts: [Option] = [
    .option(
      "database", "FILE", "keys and usage; memory keeps them until the end",
      initial: AccountDesk.defaultFile),
    .flag("allow-anonymous", "serve callers without a key, to whoever reaches the addresses"),
    .option("key-requests", "N", "requests of a key in a window; 0 is no limit", initial: "100"),
    .option("key-window", "TIME", "length of that window", initial: "60s"),
    .option("key-tokens", "N", "tokens of a key in a minute; 0 is no limit", initial: "0"),
    .option("key-concurrent", "N", "calls of a key at once; 0 is no limit", initial: "0"),
    .option("usage-days", "N", "days that usage records are kept", initial: "90"),
  ]

  private static func accounts(_ arguments: Arguments) throws(UsageError) -> AccountOptions {
    var options = AccountOptions()
    if let path = arguments["database"] { options.database = path == "memory" ? nil : path }
    options.allowsAnonymous = arguments.has("allow-anonymous")
    var limits = options.keyLimits.whole
    let range = 0...LimitPlan.largest
    func limit(_ name: String, _ initial: Int?) throws(UsageError) -> Int? {
      guard let count = try arguments.integer(name, range) else { return initial }
      return count == 0 ? nil : count
    }
    limits.requests = try limit("key-requests", limits.requests)
    limits.tokensPerMinute = try limit("key-tokens", limits.tokensPerMinute)
    limits.concurrent = try limit("key-concurrent", limits.concurrent)
    limits.window =
      try arguments.value("key-window", "a time from 1s to 24h") { text in
        Quantity.duration(text).map { Int($0.components.seconds) }.flatMap {
          (1...86_400).contains($0) ? $0 : nil
        }
      } ?? limits.window
    options.keyLimits = LimitPlan(limits)
    options.retention.records =
      try arguments.integer("usage-days", 1...36_500) ?? options.retention.records
    return options
  }

  private static let life: [Option] = [
    .option("max-long-texts", "N", "requests with long texts that may wait", initial: "64"),
    .option("log-format", "human|json", "how log lines look (standard error)", initial: "human"),
    .option("log-level", "LEVEL", "debug, info, warning or error", initial: "info"),
    .option("call-log", "all|errors|none", "which calls leave a line", initial: "all"),
    .option("drain-delay", "TIME", "from SIGTERM and not ready to GOAWAY", initial: "0"),
    .option("drain-grace", "TIME", "from GOAWAY until all is closed", initial: "30s"),
    .option("readiness", "all|any", "how many models must answer to be ready", initial: "all"),
    .option("stuck-after", "TIME", "a batch this long means not ready", initial: "30s"),
  ]

  private static func configuration(_ arguments: Arguments) throws(UsageError)
    -> ServerConfiguration
  {
    var configuration = ServerConfiguration(models: try models(arguments))
    configuration.address = try arguments.address("grpc") ?? configuration.address
    configuration.httpAddress =
      arguments["http"] == "off" ? nil : try arguments.address("http") ?? configuration.httpAddress
    configuration.httpOrigins =
      arguments["http-origins"]?.split(separator: ",").map(String.init) ?? []
    configuration.accounts = try accounts(arguments)
    configuration.loops = try arguments.integer("loops", 1...256)
    configuration.threads = try arguments.integer("threads", 1...256)
    try setLimits(&configuration.limits, LimitFlags.grpc, arguments)
    try setLimits(&configuration.httpLimits, LimitFlags.http, arguments)
    configuration.longTexts =
      try arguments.integer("max-long-texts", 1...100_000) ?? configuration.longTexts
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
    configuration.drainDelay = try arguments.duration("drain-delay") ?? configuration.drainDelay
    configuration.drainGrace = try arguments.duration("drain-grace") ?? configuration.drainGrace
    configuration.readiness =
      try arguments.value("readiness", "all or any") { Readiness.Requirement(rawValue: $0) }
      ?? configuration.readiness
    configuration.stuckAfter = try arguments.duration("stuck-after") ?? configuration.stuckAfter
    return configuration
  }

  private static func models(_ arguments: Arguments) throws(UsageError) -> String {
    if let given = arguments["models"] { return given }
    var info = stat()
    guard unsafe stat("models", &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw UsageError(
        "which models? Give --models DIR, a folder that holds DIR/<name>/<version>/…; "
          + "there is no folder ./models here", command: "serve")
    }
    return "models"
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
  fileprivate init<Limits>(_ flag: LimitFlag<Limits>) {
    self = .option(flag.name, flag.placeholder, flag.help, initial: flag.initial)
  }
}

extension Arguments {
  func duration(_ name: String) throws(UsageError) -> Duration? {
    try value(name, "a time such as 500ms, 2s or 1m") { Quantity.duration($0) }
  }
}
