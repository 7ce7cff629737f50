internal import Jobs
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
      .option(
        "webhook-delays", "LIST", "before each further call of a webhook, 1 to 20 times",
        initial: WebhookPolicy.delays.map { Quantity.text($0) }.joined(separator: ",")),
    ] + LimitFlags.jobs.map(Option.init)

  static func jobs(_ arguments: Arguments) throws(UsageError) -> JobOptions {
    var options = JobOptions()
    if let path = arguments["jobs-database"] {
      options.database = path == "off" ? .off : .file(path == "memory" ? ":memory:" : path)
    }
    let delays =
      try arguments.value("webhook-delays", "1 to 20 times up to 24h with commas between") { text in
        let delays = text.split(separator: ",").map { Quantity.duration(String($0)) }
        let isGood = (1...20).contains(delays.count) && delays.allSatisfy { delay in
          delay.map { $0 > .zero && $0 <= .seconds(86_400) } ?? false
        }
        return isGood ? delays.compactMap { $0 } : nil
      }
    if let delays { options.service.webhooks.policy = WebhookPolicy(delays: delays) }
    let entries = arguments["webhook-allow"]?.split(separator: ",").map(String.init) ?? []
    do throws(WebError) {
      options.service.openAddresses = try AddressGuard(opening: entries)
    } catch {
      throw UsageError("--webhook-allow \(error.reason)", command: "serve")
    }
    return options
  }
}
