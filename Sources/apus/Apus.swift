internal import Glibc
internal import Messages
internal import Quantizing
internal import Serving

/// The program: picks a command, runs it, and turns its outcome into an exit code.
@main
enum Apus {
  static let commands: [Command] =
    [.serve, .predict, .generate, .models, .inspect, .quantize] + Command.modelChanges + [.health]
    + Command.keys + [.usage] + Command.longWork + Command.configuration

  /// Synchronous, so that a command prepares on the main thread while it is the only one.
  static func main() {
    _ = StandardOutput.isOpen
    let code = start(CommandLine.arguments.dropFirst())
    if let code { exit(code) }
    while true { pause() }
  }

  /// - Returns: the exit code where all is said; nil where a task runs and will exit.
  private static func start(_ words: ArraySlice<String>) -> Int32? {
    guard let word = words.first else {
      printError(help)
      return ExitCode.usage
    }
    switch word {
    case "--help", "-h", "help": return help(for: words.dropFirst())
    case "--version", "version": return show("apus \(ServerVersion.current)")
    default: break
    }
    let (found, rest) = find(words)
    guard let command = found else { return unknown(word, wantsHelp: wantsHelp(rest)) }
    do {
      let arguments = try Arguments(rest, for: command)
      if arguments.wantsHelp { return show(command.help) }
      try ProcessStart.fillStandardStreams()
      try command.prepare()
      Task {
        do {
          try await command.run(arguments)
          exit(ExitCode.success)
        } catch {
          exit(complain(command, error))
        }
      }
      return nil
    } catch {
      return complain(command, error)
    }
  }

  private static func complain(_ command: Command?, _ error: any Error) -> Int32 {
    let program = command.map { "apus \($0.name)" } ?? "apus"
    if let text = ExitCode.text(of: error) { printError("\(program): \(text)") }
    return ExitCode.code(of: error)
  }

  private static func show(_ text: String) -> Int32 {
    do {
      try StandardOutput.line(text)
      return ExitCode.success
    } catch {
      return complain(nil, error)
    }
  }

  private static func help(for words: ArraySlice<String>) -> Int32 {
    guard let word = words.first else { return show(help) }
    guard let command = find(words).command else { return unknown(word, wantsHelp: true) }
    return show(command.help)
  }

  private static func wantsHelp(_ words: ArraySlice<String>) -> Bool {
    words.dropFirst().contains { $0 == "--help" || $0 == "-h" }
  }

  /// The command that the words begin with, of one word or two, and the words after it.
  private static func find(
    _ words: ArraySlice<String>
  ) -> (command: Command?, rest: ArraySlice<String>) {
    for count in [2, 1] where words.count >= count {
      let name = words.prefix(count).joined(separator: " ")
      if let command = commands.first(where: { $0.name == name }) {
        return (command, words.dropFirst(count))
      }
    }
    return (nil, words)
  }

  /// A word that is no command, or begins several.
  private static func unknown(_ name: String, wantsHelp: Bool) -> Int32 {
    let family = commands.filter { $0.name.hasPrefix(name + " ") }
    if wantsHelp, !family.isEmpty {
      return show(
        "Commands:\n\(list(family))\n\napus \(name) COMMAND --help tells a command's options.")
    }
    printError(
      family.isEmpty
        ? "apus has no command `\(name)`; see apus --help"
        : "apus \(name) needs one more word: \(family.map(\.name).joined(separator: ", "))")
    return ExitCode.usage
  }

  private static func list(_ commands: [Command]) -> String {
    let width = (commands.map(\.name.count).max() ?? 0) + 2
    return commands.map { command in
      "  \(command.name)" + String(repeating: " ", count: width - command.name.count)
        + command.summary
    }.joined(separator: "\n")
  }

  static var help: String {
    """
      Apus serves models over gRPC and HTTP.

      Usage: apus COMMAND [arguments]

      Commands:
      \(list(commands))

      apus COMMAND --help tells a command's options; apus --version the version.

      Exit codes: 0 success; 1 the server refused, the call failed, or the configuration (config
      check) or a model (quantize) is wrong; 2 the command line is wrong;
      3 the server cannot be reached or is not available; 4 not ready (health);
      5 the server could not start (serve); 6 standard output could not be written.
      """
  }
}

/// What the exit code of the process means; documented in `apus --help`.
enum ExitCode {
  static let success: Int32 = 0
  static let callFailed: Int32 = 1
  static let usage: Int32 = 2
  static let unreachable: Int32 = 3
  static let notReady: Int32 = 4
  static let cannotServe: Int32 = 5
  static let cannotWrite: Int32 = 6

  static func code(of error: any Error) -> Int32 {
    switch error {
    case is UsageError: usage
    case let problems as ConfigurationProblems where problems.isOfCommandLine: usage
    case is OutputError: cannotWrite
    case let outcome as Outcome: outcome.code
    case let status as Status where status.code == .unavailable: unreachable
    case is Status, is QuantizationError: callFailed
    default: cannotServe
    }
  }

  /// - Returns: nil where nothing is to be said.
  static func text(of error: any Error) -> String? {
    switch error {
    case let output as OutputError where output.isQuiet: nil
    case let usage as UsageError:
      usage.command.isEmpty ? "\(usage)" : "\(usage); see apus \(usage.command) --help"
    case let status as Status: "\(status.code.name): \(status.message)"
    default: "\(error)"
    }
  }
}

/// An end that is no error of the call, with the exit code it deserves.
struct Outcome: Error, CustomStringConvertible {
  let code: Int32
  let description: String
}
