internal import Accounts
internal import Glibc
internal import Jobs
internal import Serving

extension Command {
  static let jobsSecret = Command(
    name: "jobs secret",
    summary: "Shows what a key's webhooks are signed with, for whoever receives them.",
    positionals: "KEY_ID", arity: 1...1,
    options: [
      .option(
        "jobs-database", "FILE", "the server's database of jobs", initial: "as apus serve here")
    ]
  ) { arguments in
    guard let id = KeyID(arguments.positionals[0]) else {
      throw UsageError(
        "a key's id is eight letters and digits, as `apus keys list` shows it",
        command: "jobs secret")
    }
    let configured = try ConfigurationSource.ofThisPlace.load().server
    guard let path = arguments["jobs-database"] ?? configured.jobsFile else {
      throw Outcome(code: ExitCode.cannotServe, description: "the server here has no jobs")
    }
    guard unsafe access(path, F_OK) == 0 else {
      throw Outcome(
        code: ExitCode.cannotServe,
        description: "there is no database of jobs \(path) here: name the server's with "
          + "--jobs-database FILE")
    }
    for secret in try WebhookSecret.all(of: "\(id)", inFile: path, at: .now()) {
      try StandardOutput.line(secret.text)
    }
  }
}
