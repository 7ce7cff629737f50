package import Jobs

/// Long work: what a server can be told of it.
package struct JobOptions: FlaggedValues {
  package enum Database: Sendable, Equatable {
    /// A file beside the accounts' database; none where that one is in memory.
    case besideAccounts
    case file(String)
    /// There are no jobs.
    case off
  }

  package var database = Database.besideAccounts
  package var service = JobService.Options()

  package init() {}

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
