internal import Jobs
package import Web

/// Long work: what a server can be told of it.
package struct JobOptions: Sendable {
  package enum Database: Sendable, Equatable {
    /// A file beside the accounts' database; none where that one is in memory.
    case besideAccounts
    case file(String)
    /// There are no jobs.
    case off

    /// As a person writes it; nil for the one that is where nothing is said.
    package var text: String? {
      switch self {
      case .besideAccounts: nil
      case .file(":memory:"): "memory"
      case .file(let path): path
      case .off: "off"
      }
    }

    /// - Returns: nil for an empty text.
    package init?(_ text: String) {
      if text.isEmpty { return nil }
      self = text == "off" ? .off : .file(text == "memory" ? ":memory:" : text)
    }
  }

  package var database = Database.besideAccounts
  /// Most jobs that wait.
  package var waiting = 10_000
  /// Most jobs of one key that wait.
  package var waitingPerKey = 1_000
  /// Bytes of a result; a job whose result is longer fails.
  package var resultSize = 4 << 20
  /// How long jobs that have ended are kept.
  package var retention = Duration.seconds(7 * 86_400)
  /// Jobs that are worked on at once: they share the models' batches.
  package var atOnce = 8
  /// How long the work on one job may take.
  package var timeLimit = Duration.seconds(3_600)
  /// How long a webhook's receiver has for its answer.
  package var webhookTimeout = Duration.seconds(20)
  /// Before each further call of a webhook; after the last it is given up.
  package var webhookDelays = WebhookPolicy.delays
  /// Where webhooks may go besides the public internet.
  package private(set) var openAddresses = AddressGuard()
  /// The same as it was written.
  package private(set) var openEntries: [String] = []

  package init() {}

  /// Lets webhooks go to these as well as to the public internet.
  ///
  /// - Parameter entries: as `AddressGuard` reads them.
  package mutating func open(_ entries: [String]) throws(WebError) {
    openAddresses = try AddressGuard(opening: entries)
    openEntries = entries
  }

  /// The database's file; nil where there are no jobs.
  ///
  /// - Parameter accounts: file of the accounts' database; nil for memory.
  func path(besides accounts: String?) -> String? {
    switch database {
    case .off: return nil
    case .file(let path): return path
    case .besideAccounts:
      guard let accounts else { return nil }
      return accounts.hasSuffix(".db") ? accounts.dropLast(3) + "-jobs.db" : accounts + "-jobs"
    }
  }
}
