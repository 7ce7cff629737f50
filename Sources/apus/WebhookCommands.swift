internal import Accounts
internal import Bytes
internal import Jobs
internal import Messages
internal import RPC
internal import Serving
internal import Time

// What an administrator does about the webhooks of jobs.

extension Command {
  static let webhooks: [Command] = [deadLetters, resend, rotateSecret, secret]

  private static let deadLetters = Command(
    name: "jobs dead", summary: "Lists webhooks that were given up, the newest first.",
    positionals: "", arity: 0...0,
    options: clientOptions + [.option("key-id", "ID", "of this key's jobs", initial: "all")] + pages
  ) { arguments in
    let request = ApusV1.ListDeadLettersRequest(
      keyID: arguments["key-id"] ?? "", limit: try limit(arguments), page: arguments["page"] ?? "")
    let answer = try await withServer(arguments) { connection, options in
      try await ApusV1.JobsClient(connection).listDeadLetters(request, options: options)
    }
    try StandardOutput.line(
      arguments.has("json") ? JSONText.deadLetters(answer) : PlainText.deadLetters(answer))
  }

  private static let resend = Command(
    name: "jobs resend", summary: "Calls a webhook again that was given up, with all its tries.",
    positionals: "WEBHOOK_ID", arity: 1...1, options: clientOptions
  ) { arguments in
    let id = arguments.positionals[0]
    _ = try await withServer(arguments) { connection, options in
      try await ApusV1.JobsClient(connection)
        .resendDeadLetter(ApusV1.ResendDeadLetterRequest(id: id), options: options)
    }
    try StandardOutput.line("\(id) is called again")
  }

  private static let rotateSecret = Command(
    name: "jobs rotate-secret", summary: "Gives the webhooks of every key a new secret.",
    positionals: "", arity: 0...0,
    options: clientOptions + [
      .option("overlap", "TIME", "how long the secrets so far sign along", initial: "24h")
    ]
  ) { arguments in
    let overlap = try arguments.duration("overlap", .zero...(.seconds(31_536_000)))
    let request = ApusV1.RotateWebhookSecretsRequest(
      overlapSeconds: overlap.map { Double($0.components.seconds) })
    let answer = try await withServer(arguments) { connection, options in
      try await ApusV1.JobsClient(connection).rotateWebhookSecrets(request, options: options)
    }
    try StandardOutput.line(
      """
      Webhooks are signed with new secrets now, and with those so far until \
      \(UnixTime(seconds: Int64(answer.retiresAt)).text(.seconds)).
      Give each receiver its new one: apus jobs secret KEY_ID
      """)
  }

  private static let secret = Command(
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
        command: arguments.command)
    }
    let configured = try ConfigurationSource.ofThisPlace.load().server
    guard let path = arguments["jobs-database"] ?? configured.jobsFile else {
      throw Outcome(code: ExitCode.cannotServe, description: "the server here has no jobs")
    }
    guard SmallFile.exists(path) else {
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
