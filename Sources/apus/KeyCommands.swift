internal import Accounts
internal import Messages
internal import RPC
internal import Serving
internal import Time

extension Command {
  static let keys: [Command] = [createKey, listKeys, revokeKey, rotateKey]

  private static let createKey = Command(
    name: "keys create", summary: "Makes an API key and shows its token, this once.",
    positionals: "", arity: 0...0,
    options: AccountDesk.options + [
      .option("owner", "NAME", "whom the key is for"),
      .option("email", "ADDRESS", "whom to tell about it"),
      .option("expires", "TIME", "how long it works, such as 90d", initial: "for ever"),
      .option("models", "LIST", "models it opens, with commas between", initial: "all"),
      .flag("admin", "it may manage keys and models and see all usage"),
      .option("requests", "N", "requests in a window; 0 is no limit", initial: "the server's"),
      .option("window", "TIME", "length of the window", initial: "the server's"),
      .option("tokens", "N", "tokens a minute; 0 is no limit", initial: "the server's"),
      .option("concurrent", "N", "calls at once; 0 is no limit", initial: "the server's"),
      .option("monthly-requests", "N", "requests a month; 0 is no limit", initial: "the server's"),
      .option("monthly-tokens", "N", "tokens a month; 0 is no limit", initial: "the server's"),
      .flag("json", "print JSON"),
    ]
  ) { arguments in
    var request = ApusV1.CreateKeyRequest()
    guard let owner = arguments["owner"] else {
      throw UsageError(
        "--owner says whom the key is for, such as --owner search-team", command: "keys create")
    }
    request.owner = owner
    request.email = arguments["email"] ?? ""
    if let lifetime = try arguments.duration("expires", .seconds(1)...(.seconds(3_155_760_000))) {
      request.expiresAt = now + Double(lifetime.components.seconds)
    }
    request.models = arguments["models"]?.split(separator: ",").map(String.init) ?? []
    request.isAdmin = arguments.has("admin")
    request.limits = try limits(arguments)
    let answer = try await AccountDesk.at(arguments) { [request] desk in
      let answer = try await desk.createKey(request)
      try await desk.waitAfterFirstKey()
      return answer
    }
    try StandardOutput.line(
      arguments.has("json")
        ? JSONText.key(answer.key ?? ApusV1.Key(), token: answer.token)
        : PlainText.issued(answer.key ?? ApusV1.Key(), token: answer.token))
  }

  private static let listKeys = Command(
    name: "keys list", summary: "Lists API keys, the newest first.", positionals: "", arity: 0...0,
    options: AccountDesk.options + [
      .flag("all", "also those that are revoked or expired"), .flag("json", "print JSON"),
    ]
  ) { arguments in
    let request = ApusV1.ListKeysRequest(includeEnded: arguments.has("all"))
    let answer = try await AccountDesk.at(arguments) { try await $0.listKeys(request) }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.keys(answer.keys) : PlainText.keys(answer.keys))
  }

  private static let revokeKey = Command(
    name: "keys revoke", summary: "Ends an API key for good, within a second.",
    positionals: "ID", arity: 1...1, options: AccountDesk.options
  ) { arguments in
    let request = ApusV1.RevokeKeyRequest(id: arguments.positionals[0])
    let answer = try await AccountDesk.at(arguments) { try await $0.revokeKey(request) }
    try StandardOutput.line("revoked \(answer.key?.id ?? "") of \(answer.key?.owner ?? "")")
  }

  private static let rotateKey = Command(
    name: "keys rotate", summary: "Gives an API key a new token and shows it, this once.",
    positionals: "ID", arity: 1...1,
    options: AccountDesk.options + [
      .option("overlap", "TIME", "how long the old token still works", initial: "1h"),
      .flag("json", "print JSON"),
    ]
  ) { arguments in
    var request = ApusV1.RotateKeyRequest(id: arguments.positionals[0])
    let overlap =
      try arguments.duration("overlap", .zero...(.seconds(31_536_000))) ?? .seconds(3600)
    request.overlapSeconds = Double(overlap.components.seconds)
    let answer = try await AccountDesk.at(arguments) { try await $0.rotateKey(request) }
    try StandardOutput.line(
      arguments.has("json")
        ? JSONText.key(answer.key ?? ApusV1.Key(), token: answer.token)
        : PlainText.issued(answer.key ?? ApusV1.Key(), token: answer.token))
  }

  static let usage = Command(
    name: "usage", summary: "Sums up calls: totals, latencies and tokens, by day, model and key.",
    positionals: "", arity: 0...0,
    options: AccountDesk.options + [
      .option("key-id", "ID", "calls of this key", initial: "your own; all with --database"),
      .flag("all", "calls of all keys"),
      .flag("by-key", "a line for each key, too; with --server, --all has those of others"),
      .option("days", "N", "how far back", initial: "30"),
      .option("model", "NAME", "calls of this model"),
      .flag("json", "print JSON"),
    ]
  ) { arguments in
    var request = ApusV1.GetUsageRequest()
    request.keyID = arguments["key-id"] ?? ""
    request.allKeys = arguments.has("all")
    request.model = arguments["model"] ?? ""
    request.byKey = arguments.has("by-key")
    let days = try arguments.integer("days", 1...3650) ?? 30
    request.from = now - Double(days) * 86_400
    let answer = try await AccountDesk.at(arguments) { try await $0.getUsage(request) }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.usage(answer) : PlainText.usage(answer))
  }

  /// Seconds since 1970.
  private static var now: Double { UnixTime.now().seconds }

  private static func limits(_ arguments: Arguments) throws(UsageError) -> ApusV1.KeyLimits? {
    var limits = ApusV1.KeyLimits()
    let word = 0...Int(UInt32.max)
    limits.requests = try arguments.integer("requests", word).map { UInt32($0) }
    limits.windowSeconds = try arguments.duration("window", .seconds(1)...(.seconds(86_400))).map {
      UInt32(clamping: max(1, $0.components.seconds))
    }
    limits.tokensPerMinute = try arguments.integer("tokens", word).map { UInt32($0) }
    limits.concurrentCalls = try arguments.integer("concurrent", word).map { UInt32($0) }
    let large = 0...LimitPlan.largest
    limits.monthlyRequests = try arguments.integer("monthly-requests", large).map { UInt64($0) }
    limits.monthlyTokens = try arguments.integer("monthly-tokens", large).map { UInt64($0) }
    return limits == ApusV1.KeyLimits() ? nil : limits
  }
}
