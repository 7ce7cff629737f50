internal import Accounts
internal import Serving

// Keys, limits and usage of `apus serve`.

extension Command {
  private static let defaults = AccountOptions()

  static let accounts: [Option] = [
    .option(
      "database", "FILE", "keys and usage; `memory` keeps them until the end",
      initial: defaults.database),
    .flag("allow-anonymous", "serve callers without a key, to whoever reaches the addresses"),
    .option(
      "key-requests", "N", "requests of a key in a window; 0 is no limit",
      initial: text(defaults.keyLimits.whole.requests)),
    .option(
      "key-window", "TIME", "length of that window",
      initial: Quantity.text(.seconds(defaults.keyLimits.whole.window))),
    .option(
      "key-tokens", "N", "tokens of a key in a minute; 0 is no limit",
      initial: text(defaults.keyLimits.whole.tokensPerMinute)),
    .option(
      "key-concurrent", "N", "calls of a key at once; 0 is no limit",
      initial: text(defaults.keyLimits.whole.concurrent)),
    .option(
      "usage-days", "N", "days that usage records are kept",
      initial: "\(defaults.retention.records)"),
  ]

  private static func text(_ limit: Int?) -> String { "\(limit ?? 0)" }

  static func accounts(_ arguments: Arguments) throws(UsageError) -> AccountOptions {
    var options = defaults
    if let path = arguments["database"] { options.database = path == "memory" ? nil : path }
    options.allowsAnonymous = arguments.has("allow-anonymous")
    options.keyLimits = LimitPlan(try limits(arguments, from: defaults.keyLimits.whole))
    options.retention.records =
      try arguments.integer("usage-days", 1...36_500) ?? options.retention.records
    return options
  }

  private static func limits(
    _ arguments: Arguments, from initial: Limits
  ) throws(UsageError) -> Limits {
    func limit(_ name: String, _ initial: Int?) throws(UsageError) -> Int? {
      guard let count = try arguments.integer(name, 0...LimitPlan.largest) else { return initial }
      return count == 0 ? nil : count
    }
    var limits = initial
    limits.requests = try limit("key-requests", initial.requests)
    limits.tokensPerMinute = try limit("key-tokens", initial.tokensPerMinute)
    limits.concurrent = try limit("key-concurrent", initial.concurrent)
    if let window = try arguments.duration("key-window", .seconds(1)...(.seconds(86_400))) {
      limits.window = Int(window.components.seconds)
    }
    return limits
  }
}
