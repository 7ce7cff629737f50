internal import Accounts
internal import Bytes
internal import Messages
internal import RPC
internal import Serving
internal import Time

/// Where keys and usage are asked for: a server, or the database's file itself, which needs no
/// server and no key.
enum AccountDesk {
  case server(ApusV1.AccountsClient, CallOptions)
  case file(AccountService, CallContext)

  static let options: [Command.Option] = [
    .option("database", "FILE", "the server's database", initial: "as apus serve here"),
    .option("server", "ADDRESS", "ask this server instead, with an administrator's key"),
    Command.keyOption, Command.timeoutOption,
  ]

  /// `2026-11-20` of seconds since 1970.
  static func day(_ seconds: Double) -> String { "\(UnixTime(seconds: Int64(seconds)).day)" }

  /// Opens what the arguments name, runs `body` there, and closes it.
  static func at<Answer>(
    _ arguments: Arguments, _ body: (AccountDesk) async throws -> Answer
  ) async throws -> Answer {
    if arguments.has("server") {
      guard !arguments.has("database") else {
        throw UsageError("give either --server or --database", command: "")
      }
      return try await Command.withServer(arguments) { connection, options in
        try await body(.server(ApusV1.AccountsClient(connection), options))
      }
    }
    let configured = try ConfigurationSource.ofThisPlace.load().server.accounts
    guard let path = arguments["database"] ?? configured.database else {
      throw Outcome(
        code: ExitCode.cannotServe,
        description: "the server here keeps its keys in memory: ask it with --server ADDRESS")
    }
    guard SmallFile.exists(path) || arguments.command == "keys create" else {
      throw Outcome(
        code: ExitCode.cannotServe,
        description:
          "there is no database \(path) here: name the server's with --database FILE, or "
          + "ask the server with --server ADDRESS")
    }
    let store = try StoreThread(store: try SQLiteStore(path: path))
    defer { store.close() }
    let service = AccountService(store: store, defaults: configured.keyLimits)
    return try await body(.file(service, CallContext(path: "")))
  }

  func createKey(_ request: ApusV1.CreateKeyRequest) async throws -> ApusV1.CreateKeyResponse {
    switch self {
    case .server(let client, let options): try await client.createKey(request, options: options)
    case .file(let service, let context): try await service.createKey(request, context: context)
    }
  }

  /// Waits after the first key of a database until a server that runs on it has seen it: until then
  /// it takes everybody for its owner.
  func waitAfterFirstKey() async throws {
    guard case .file = self else { return }
    let keys = try await listKeys(ApusV1.ListKeysRequest(includeEnded: true)).keys
    if keys.count == 1 { try await Task.sleep(for: KeyWatcher.period + .milliseconds(100)) }
  }

  func listKeys(_ request: ApusV1.ListKeysRequest) async throws -> ApusV1.ListKeysResponse {
    switch self {
    case .server(let client, let options): try await client.listKeys(request, options: options)
    case .file(let service, let context): try await service.listKeys(request, context: context)
    }
  }

  func revokeKey(_ request: ApusV1.RevokeKeyRequest) async throws -> ApusV1.RevokeKeyResponse {
    switch self {
    case .server(let client, let options): try await client.revokeKey(request, options: options)
    case .file(let service, let context): try await service.revokeKey(request, context: context)
    }
  }

  func rotateKey(_ request: ApusV1.RotateKeyRequest) async throws -> ApusV1.RotateKeyResponse {
    switch self {
    case .server(let client, let options): try await client.rotateKey(request, options: options)
    case .file(let service, let context): try await service.rotateKey(request, context: context)
    }
  }

  func getUsage(_ request: ApusV1.GetUsageRequest) async throws -> ApusV1.GetUsageResponse {
    switch self {
    case .server(let client, let options): try await client.getUsage(request, options: options)
    case .file(let service, let context): try await service.getUsage(request, context: context)
    }
  }
}
