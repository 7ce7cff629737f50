internal import Serving
internal import Web

// Long work of `apus serve`.

extension Command {
  static let jobs: [Option] =
    [
      .option(
        "jobs-database", "FILE", "jobs; `off` for a server without them",
        initial: "-jobs.db beside --database"),
      .option(
        "webhook-allow", "LIST",
        "where webhooks may go besides the public internet: addresses, networks (10.2.0.0/16) and "
          + "hosts with commas between", initial: "nowhere"),
    ] + LimitFlags.jobs.map(Option.init)

  static func jobs(_ arguments: Arguments) throws(UsageError) -> JobOptions {
    var options = JobOptions()
    if let path = arguments["jobs-database"] {
      options.database = path == "off" ? .off : .file(path == "memory" ? ":memory:" : path)
    }
    let entries = arguments["webhook-allow"]?.split(separator: ",").map(String.init) ?? []
    do throws(WebError) {
      options.openAddresses = try AddressGuard(opening: entries)
    } catch {
      throw UsageError("--webhook-allow \(error.reason)", command: "serve")
    }
    return options
  }
}
