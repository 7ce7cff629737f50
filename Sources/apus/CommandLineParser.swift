internal import Serving

/// One command of the program: what it is called, what it takes, what it does.
struct Command: Sendable {
  struct Option: Sendable {
    /// Without the dashes.
    let name: String
    /// Placeholder of the value in help; nil for a switch.
    let value: String?
    let help: String
    let initial: String?
    /// A switch that may be given as `--name=false` too.
    var mayBeFalse = false

    static func option(_ name: String, _ value: String, _ help: String, initial: String? = nil)
      -> Option
    { Option(name: name, value: value, help: help, initial: initial) }

    static func flag(_ name: String, _ help: String) -> Option {
      Option(name: name, value: nil, help: help, initial: nil)
    }
  }

  let name: String
  let summary: String
  /// Positional arguments as help shows them, such as `MODEL TEXT...`.
  let positionals: String
  /// Fewest and most positional arguments.
  let arity: ClosedRange<Int>
  let options: [Option]
  /// Runs first, on the main thread, before any other thread starts.
  var prepare: @Sendable () throws -> Void = {}
  let run: @Sendable (Arguments) async throws -> Void
}

/// The words after a command, checked against what it takes.
struct Arguments: Sendable {
  /// Name of the command.
  let command: String
  private(set) var positionals: [String] = []
  private var values: [String: String] = [:]
  private(set) var wantsHelp = false

  /// `--name value`, `--name=value`, `--switch`; `--` ends options.
  init(_ words: ArraySlice<String>, for command: Command) throws(UsageError) {
    self.command = command.name
    var words = words
    var onlyPositionals = false
    while let word = words.popFirst() {
      if onlyPositionals || !word.hasPrefix("-") || word == "-" {
        positionals.append(word)
      } else if word == "--" {
        onlyPositionals = true
      } else if word == "--help" || word == "-h" {
        wantsHelp = true
        return
      } else {
        try take(word, &words, command)
      }
    }
    guard command.arity.contains(positionals.count) else {
      let wanted = command.positionals.isEmpty ? "no arguments" : command.positionals
      throw UsageError(
        "apus \(command.name) takes \(wanted); got \(positionals.count)", command: command.name)
    }
  }

  private mutating func take(_ word: String, _ words: inout ArraySlice<String>, _ command: Command)
    throws(UsageError)
  {
    let parts = word.drop { $0 == "-" }.split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.first.map(String.init) ?? ""
    guard word.hasPrefix("--"), let option = command.options.first(where: { $0.name == name })
    else {
      throw UsageError("apus \(command.name) has no option \(word)", command: command.name)
    }
    if option.value == nil {
      let value = parts.count == 1 ? "true" : String(parts[1])
      guard value == "true" || (option.mayBeFalse && value == "false") else {
        throw UsageError(
          "--\(name) takes no value" + (option.mayBeFalse ? " but true or false" : ""),
          command: command.name)
      }
      values[name] = value
    } else if parts.count == 2 {
      values[name] = String(parts[1])
    } else if let value = words.popFirst() {
      values[name] = value
    } else {
      throw UsageError("--\(name) needs a value: \(option.value ?? "")", command: command.name)
    }
  }

  subscript(_ name: String) -> String? { values[name] }
  func has(_ name: String) -> Bool { values[name] != nil }

  /// The option's value read by `parse`; nil when it was not given.
  func value<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?)
    throws(UsageError) -> Value?
  {
    guard let text = values[name] else { return nil }
    guard let value = parse(text) else {
      throw UsageError("--\(name) \(text): expected \(expected)", command: "")
    }
    return value
  }

  /// The option as a whole number within `range`.
  func integer(_ name: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int? {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return try value(name, expected) { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// The option as a time within `range`.
  func duration(_ name: String, _ range: ClosedRange<Duration>) throws(UsageError) -> Duration? {
    try value(name, Quantity.expected(range)) { text in
      Quantity.duration(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// The option as an address; whether anybody answers there is another matter.
  ///
  /// - Parameter scheme: what may stand before it.
  func address(_ name: String, without scheme: String = "") throws(UsageError) -> String? {
    guard var text = values[name] else { return nil }
    if text.hasPrefix(scheme) { text = String(text.dropFirst(scheme.count)) }
    if let problem = ServerConfiguration.problem(withAddress: text) {
      throw UsageError("--\(name) \(problem)", command: "")
    }
    return text
  }

  /// The option as a finite number within `range`.
  func number(_ name: String, _ range: ClosedRange<Float>) throws(UsageError) -> Float? {
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    return try value(name, expected) { text in
      Float(text).flatMap { $0.isFinite && range.contains($0) ? $0 : nil }
    }
  }
}

/// The command line is wrong: exit code 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  let command: String
  init(_ description: String, command: String) {
    self.description = description
    self.command = command
  }
}

extension Command {
  /// What `apus NAME --help` prints.
  var help: String {
    var usage = "Usage: apus \(name)"
    if !positionals.isEmpty { usage += " \(positionals)" }
    if !options.isEmpty { usage += " [options]" }
    var lines = [summary, "", usage]
    if !options.isEmpty {
      lines += ["", "Options:"]
      let heads = options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
      let width = (heads.map(\.count).max() ?? 0) + 2
      for (option, head) in zip(options, heads) {
        let initial = option.initial.map { " (default: \($0))" } ?? ""
        let pad = String(repeating: " ", count: width - head.count)
        lines.append("  \(head)\(pad)\(option.help)\(initial)")
      }
    }
    return lines.joined(separator: "\n")
  }
}
