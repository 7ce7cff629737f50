import Glibc
internal import Jobs
internal import Web

/// A server of jobs, and of nothing else, for tests that kill it.
///
///     jobs-probe DATABASE WEBHOOK          submits jobs for ever and works on them
///     jobs-probe DATABASE WEBHOOK drain    works on what is left, ends when all is told
///
/// It prints a line for each job that it took in (`accepted ID`) and ended (`ended ID`), and
/// `recovered N` at its start.
@main
struct JobsProbe {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 || (arguments.count == 4 && arguments[3] == "drain") else {
      print("jobs-probe DATABASE WEBHOOK [drain]")
      exit(2)
    }
    do {
      try await run(arguments[1], webhook: arguments[2], drains: arguments.count == 4)
      exit(0)
    } catch {
      say("failed \(error)")
      exit(1)
    }
  }

  private static func run(_ database: String, webhook: String, drains: Bool) async throws {
    var options = JobService.Options()
    options.openAddresses = try AddressGuard(opening: ["127.0.0.1"])
    // Killed far more often than any server that is well.
    options.limits.attempts = 1_000_000
    options.runner.concurrency = 4
    options.webhooks.policy = WebhookPolicy(
      delays: Array(repeating: .milliseconds(20), count: 1_000_000))
    let service = try JobService(
      database, options,
      observe: { event in
        switch event {
        case .ended(let id, _, _, _): say("ended \(id)")
        case .troubled(let error): say("troubled \(error)")
        default: break
        }
      },
      work: { job in
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...20)))
        return job.payload
      })
    say("recovered \(service.recovered)")
    await service.start()
    if drains {
      while try await hasWork(service) { try await Task.sleep(for: .milliseconds(20)) }
      await service.stop(within: .seconds(5))
      return
    }
    for number in 1... {
      say("accepted \(try await service.submit(job(number, webhook)).id)")
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  private static func job(_ number: Int, _ webhook: String) throws -> NewJob {
    // Each third call is refused once and made again.
    let path = number % 3 == 0 ? "/status/500?after=1&\(getpid())-\(number)" : "/status/200"
    return NewJob(
      owner: "owner \(number % 7)", kind: "probe", payload: Array("\(number)".utf8),
      webhook: try WebURL(webhook + path))
  }

  private static func hasWork(_ service: JobService) async throws -> Bool {
    for state in [JobState.queued, .running] {
      if try await service.counts()[state] != nil { return true }
    }
    var query = JobQuery(owner: nil)
    query.limit = 1000
    repeat {
      let page = try await service.jobs(query)
      if page.items.contains(where: { $0.webhook?.state == .pending }) { return true }
      query.page = page.next
    } while !query.page.isEmpty
    return false
  }

  /// At once, whole lines: the reader of a killed process must not see half of one as another.
  private static func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    unsafe _ = write(STDOUT_FILENO, bytes, bytes.count)
  }
}
