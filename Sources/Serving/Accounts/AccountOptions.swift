package import Accounts

/// Keys, limits and usage: what a server can be told of them.
package struct AccountOptions: Sendable {
  /// The database's file; nil keeps everything in memory, gone with the process.
  package var database: String? = "apus.db"
  /// Limits of keys without their own.
  package var keyLimits = LimitPlan()
  /// How long usage is kept.
  package var retention = UsageRetention()
  /// Whether callers without a key are served where there are keys, or beyond this machine.
  package var allowsAnonymous = false

  package init() {}

  /// What `keyLimits` says of a key as a whole.
  package var keyDefaults: Limits {
    get { keyLimits.whole }
    set { keyLimits = LimitPlan(newValue, models: keyLimits.models) }
  }

  /// The window of `keyDefaults`, in whole seconds.
  package var keyWindow: Duration {
    get { .seconds(keyDefaults.window) }
    set { keyDefaults.window = Int(newValue.components.seconds) }
  }
}
