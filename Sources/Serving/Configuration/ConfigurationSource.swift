internal import Bytes

/// Who said what a setting is.
package enum Origin: Sendable, Equatable {
  case initial
  case file(String, line: Int)
  case variable(String)
  case flag(String)

  /// As `apus config print` shows it.
  package var text: String {
    switch self {
    case .initial: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .variable(let name): name
    case .flag(let name): "--\(name)"
    }
  }
}

/// A configuration and where it comes from.
package struct LoadedConfiguration: Sendable {
  package internal(set) var server = ServerConfiguration()
  /// By names of settings; what is not here is as it is by default.
  package internal(set) var origins: [String: Origin] = [:]
  /// The file that was read; nil for none.
  package internal(set) var file: String?
  /// What is no error, yet looks like one.
  package internal(set) var notes: [String] = []

  package func origin(of name: String) -> Origin { origins[name] ?? .initial }
}

/// What a configuration is made of, in rising order: defaults, apus.yaml, variables, flags.
package struct ConfigurationSource: Sendable {
  /// Which file to read; nil for `apus.yaml` here, if there is one.
  package var file: String?
  /// Variables by name; of others than those of settings there is a note.
  package var variables: [String: String]
  /// Flags by name, without their dashes.
  package var flags: [String: String]

  package static let defaultFile = "apus.yaml"

  package init(
    file: String? = nil, variables: [String: String] = [:], flags: [String: String] = [:]
  ) {
    self.file = file
    self.variables = variables
    self.flags = flags
  }

  /// - Throws: with all that is wrong, not only the first.
  package func load() throws(ConfigurationProblems) -> LoadedConfiguration {
    var loaded = LoadedConfiguration()
    var problems: [ConfigurationError] = []
    if let path = file ?? (SmallFile.exists(Self.defaultFile) ? Self.defaultFile : nil) {
      let read = ConfigurationFile(path, into: &loaded.server)
      loaded.file = path
      for (name, line) in read.lines { loaded.origins[name] = .file(path, line: line) }
      loaded.server.overrides = read.overrides
      loaded.server.deprecations = read.deprecations
      problems += read.problems
    }
    // Mostly there is none, and then no names are made.
    for setting in ServerSettings.all where !variables.isEmpty {
      guard let text = variables[setting.variable] else { continue }
      loaded.origins[setting.name] = .variable(setting.variable)
      take(setting, text, setting.variable, "=", &loaded.server, &problems)
    }
    let isLastChance = problems.isEmpty
    for setting in ServerSettings.all {
      guard let text = flags[setting.name] else { continue }
      loaded.origins[setting.name] = .flag(setting.name)
      take(setting, text, "--\(setting.name)", " ", &loaded.server, &problems)
    }
    if let problem = loaded.server.tls.problem {
      problems.append(ConfigurationError(file: "", problem))
    }
    if !problems.isEmpty { throw ConfigurationProblems(problems, isOfCommandLine: isLastChance) }
    loaded.notes = unknownVariables()
    return loaded
  }

  private func take(
    _ setting: ServerSettings.Entry, _ text: String, _ name: String, _ separator: String,
    _ server: inout ServerConfiguration, _ problems: inout [ConfigurationError]
  ) {
    do throws(SettingProblem) { try setting.set(text, in: &server) } catch {
      let given = setting.isSecret ? "" : separator + SettingsReader.shown(text)
      let reason =
        switch error {
        case .unexpected: "\(name)\(given): expected \(setting.value.expected)"
        case .reason(let reason): "\(name) \(reason)"
        }
      problems.append(ConfigurationError(file: "", reason))
    }
  }

  /// Variables that say nothing to anybody. No errors: the system that starts the server may have
  /// made them for others.
  private func unknownVariables() -> [String] {
    if variables.isEmpty { return [] }
    let known = ServerSettings.all.map(\.variable) + Environment.others
    let unknown = variables.filter { !known.contains($0) && !Environment.isOfService($0, $1) }
    // The prefix makes all of them look alike.
    let words = known.map { String($0.dropFirst(Environment.prefix.count)) }
    return unknown.keys.sorted().map { name in
      let shown = SettingsReader.shown(name)
      let word = String(name.dropFirst(Environment.prefix.count))
      guard let nearest = Suggestion.nearest(to: word, among: words) else {
        return "\(shown) is no setting; apus config print names all that there are"
      }
      return "\(shown) is no setting; did you mean \(Environment.prefix)\(nearest)?"
    }
  }
}
