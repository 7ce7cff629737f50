internal import Accounts

/// What is different between the configuration that is in force and one that was read anew.
struct ConfigurationChange {
  struct Difference: Equatable {
    /// Such as `limits.requests`, or `models.minilm.queue_limit`.
    let path: String
    let before: String
    let after: String
    /// What else than a restart brings it into force.
    var advice: String?
  }

  /// What a running server takes over.
  private(set) var live: [Difference] = []
  /// What it cannot.
  private(set) var restart: [Difference] = []
  /// What is in force afterwards.
  private(set) var result: ServerConfiguration

  init(from running: ServerConfiguration, to wanted: ServerConfiguration) {
    result = running
    for setting in ServerSettings.all {
      let (before, after) = (setting.value.read(running), setting.value.read(wanted))
      guard before != after else { continue }
      let difference = Difference(
        path: setting.path, before: Self.shown(before, setting), after: Self.shown(after, setting))
      if setting.change == .live, let after {
        // It was read from a value, and is one.
        try? setting.set(after, in: &result)
        live.append(difference)
      } else {
        restart.append(difference)
      }
    }
    let names = Set(running.overrides.keys).union(wanted.overrides.keys)
    for name in names.sorted() {
      compare(name, running.overrides[name], wanted.overrides[name])
    }
    result.overrides = wanted.overrides
    compareDeprecations(running.deprecations, wanted.deprecations)
    result.deprecations = wanted.deprecations
  }

  private mutating func compare(_ name: String, _ before: ModelOverride?, _ after: ModelOverride?) {
    let unset = "as model.yaml says"
    for setting in ModelSettings.table {
      let (old, new) = (before?.values[setting.key], after?.values[setting.key])
      guard old != new else { continue }
      var difference = Difference(
        path: "models.\(name).\(setting.key)", before: old ?? unset, after: new ?? unset)
      if setting.change == .live {
        live.append(difference)
      } else {
        difference.advice = "or a version of the model that is loaded from here on"
        restart.append(difference)
      }
    }
    if before?.fallback != after?.fallback {
      live.append(
        Difference(
          path: "models.\(name).fallback",
          before: before?.fallback.map(FallbackStep.text) ?? unset,
          after: after?.fallback.map(FallbackStep.text) ?? unset))
    }
    if before?.labels != after?.labels, after?.labels != nil {
      live.append(
        Difference(
          path: "models.\(name).labels", before: Self.text(before?.labels),
          after: Self.text(after?.labels)))
    }
  }

  private mutating func compareDeprecations(
    _ before: [DeprecationEntry], _ after: [DeprecationEntry]
  ) {
    func texts(_ entries: [DeprecationEntry]) -> [String: String] {
      // Names are there once: the file was checked.
      Dictionary(entries.map { ("\($0.what) \($0.name)", $0.text) }) { first, _ in first }
    }
    let (old, new) = (texts(before), texts(after))
    for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
      live.append(
        Difference(
          path: "\(DeprecationReader.key) \(name)", before: old[name] ?? "not deprecated",
          after: new[name] ?? "not deprecated"))
    }
  }

  private static func shown(_ text: String?, _ setting: ServerSettings.Entry) -> String {
    setting.isSecret ? "a secret" : text ?? setting.value.unset ?? ""
  }

  private static func text(_ labels: [String: ModelRegistry.Label]?) -> String {
    (labels ?? [:]).sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.version):\($0.value.share)" }.joined(separator: " ")
  }
}
