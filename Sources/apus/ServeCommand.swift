internal import RPC
internal import Serving

extension Command {
  static let serve = Command(
    name: "serve", summary: "Serves the models of a folder over gRPC.", positionals: "",
    arity: 0...0,
    options: [
      .option("models", "DIR", "folder of models: DIR/<name>/<version>/…"),
      .option("grpc", "ADDRESS", "host:port or unix:/path", initial: "127.0.0.1:8001"),
      .option("loops", "N", "event loops", initial: "one per core"),
      .option("threads", "N", "threads that compute", initial: "one per core"),
      .option("max-message-size", "SIZE", "largest request message", initial: "4MiB"),
      .option("max-header-size", "SIZE", "largest header list", initial: "16KiB"),
      .option("max-connections", "N", "open connections", initial: "10000"),
      .option("max-calls", "N", "running calls of the whole server", initial: "16384"),
      .option("max-calls-per-connection", "N", "running calls of one connection", initial: "256"),
      .option("max-connection-memory", "SIZE", "bytes waiting on a connection", initial: "256MiB"),
      .option("max-memory", "SIZE", "bytes waiting on all connections", initial: "1GiB"),
      .option("max-long-texts", "N", "requests with long texts that may wait", initial: "64"),
      .option("log-format", "human|json", "how log lines look (standard error)", initial: "human"),
      .option("log-level", "LEVEL", "debug, info, warning or error", initial: "info"),
      .option("call-log", "all|errors|none", "which calls leave a line", initial: "all"),
      .option("drain-delay", "TIME", "from SIGTERM and not ready to GOAWAY", initial: "0"),
      .option("drain-grace", "TIME", "from GOAWAY until calls are cut off", initial: "30s"),
      .option("readiness", "all|any", "how many models must answer to be ready", initial: "all"),
      .option("stuck-after", "TIME", "a batch this long means not ready", initial: "30s"),
    ],
    prepare: { try InferenceServer.takeOverSignals() }
  ) { arguments in
    try await InferenceServer(try configuration(arguments)).run()
  }

  private static func configuration(_ arguments: Arguments) throws(UsageError) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.models = arguments["models"]
    configuration.address = arguments["grpc"] ?? configuration.address
    configuration.loops = try arguments.integer("loops", 1...256)
    configuration.threads = try arguments.integer("threads", 1...256)
    try setLimits(&configuration.limits, arguments)
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

  private static func setLimits(_ limits: inout ServerLimits, _ arguments: Arguments)
    throws(UsageError)
  {
    limits.messageSize =
      try arguments.bytes("max-message-size", 1024...1 << 31) ?? limits.messageSize
    limits.headerSize = try arguments.bytes("max-header-size", 1024...1 << 20) ?? limits.headerSize
    limits.connections =
      try arguments.integer("max-connections", 1...1_000_000) ?? limits.connections
    limits.calls = try arguments.integer("max-calls", 1...10_000_000) ?? limits.calls
    limits.callsPerConnection =
      try arguments.integer("max-calls-per-connection", 1...1_000_000) ?? limits.callsPerConnection
    limits.memoryPerConnection =
      try arguments.bytes("max-connection-memory", 1 << 16...1 << 40) ?? limits.memoryPerConnection
    limits.memory = try arguments.bytes("max-memory", 1 << 20...1 << 42) ?? limits.memory
  }
}

extension Arguments {
  func duration(_ name: String) throws(UsageError) -> Duration? {
    try value(name, "a time such as 500ms, 2s or 1m") { Quantity.duration($0) }
  }

  func bytes(_ name: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int? {
    try value(name, "a size such as 64KiB or 4MiB, from \(range.lowerBound) bytes") { text in
      Quantity.bytes(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}
