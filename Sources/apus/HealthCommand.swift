internal import Messages
internal import Serving

extension Command {
  static let health = Command(
    name: "health", summary: "Says whether a server, or one of its models, is ready.",
    positionals: "[MODEL]", arity: 0...1,
    options: clientOptions + [
      .option("wait", "TIME", "ask again until it is ready, for at most this long", initial: "0")
    ]
  ) { arguments in
    let request = ApusV1.HealthRequest(model: arguments.positionals.first ?? "")
    let wait = try arguments.duration("wait", .zero...(.seconds(86_400)))
    let end = ContinuousClock.now + (wait ?? .zero)
    while true {
      let left = end - ContinuousClock.now
      let isLast = left <= .zero
      do {
        let limit = wait.map { _ in max(left, leastTry) }
        let health = try await withServer(arguments, within: limit) { connection, options in
          try await ApusV1.InferenceClient(connection).health(request, options: options)
        }
        if health.ready || isLast { return try tell(health) }
      } catch where !isLast && mayPass(error) {}
      try await Task.sleep(for: min(pause, max(.zero, end - .now)))
    }
  }

  /// Between two tries: short beside a start, long beside a try.
  private static let pause = Duration.milliseconds(100)
  /// What the last try has at least, so that an answer is not missed for want of time.
  private static let leastTry = Duration.seconds(1)

  private static func tell(_ health: ApusV1.HealthResponse) throws {
    try StandardOutput.line(PlainText.health(health))
    if !health.ready { throw Outcome(code: ExitCode.notReady, description: health.reason) }
  }

  /// What a server that starts, or a model that is still to come, would explain.
  private static func mayPass(_ error: any Error) -> Bool {
    switch error {
    case let outcome as Outcome: outcome.code == ExitCode.unreachable
    case let status as Status: [.unavailable, .deadlineExceeded, .notFound].contains(status.code)
    default: false
    }
  }
}
