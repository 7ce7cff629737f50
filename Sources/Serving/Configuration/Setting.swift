/// What can be set, as it is before anybody sets it.
package protocol Settable: Sendable {
  init()
}

/// One thing that a person can set: flag, environment variable, YAML key, help, `apus config print`
/// and the checks all come from here, so that they cannot differ.
///
/// The settings of the server are in `ServerSettings`, those of a model in `ModelSettings.table`.
package struct Setting<Root: Settable>: Sendable {
  /// When a changed value comes into force in a running server. What is live, `Reload` hands on;
  /// what is not, it names.
  package enum Change: String, Sendable { case restart, live }

  /// The flag without its dashes; of a model the key in model.yaml.
  package let name: String
  /// Where it stands in apus.yaml; nil for what is set of each model.
  package let section: Section?
  /// In YAML, within its section.
  package let key: String
  package let help: String
  package let change: Change
  /// Whether the value is shown nowhere.
  package let isSecret: Bool
  let value: SettingValue<Root>

  init(
    _ name: String, in section: Section? = nil, key: String? = nil, _ help: String,
    _ value: SettingValue<Root>, change: Change = .restart, isSecret: Bool = false
  ) {
    self.name = name
    self.section = section
    self.key = key ?? section?.key(ofFlag: name) ?? name
    self.help = help
    self.value = value
    self.change = change
    self.isSecret = isSecret
  }

  /// Such as `grpc.max_calls`.
  package var path: String { section.map { "\($0.rawValue).\(key)" } ?? key }

  /// Such as `APUS_MAX_CALLS`.
  package var variable: String {
    Environment.prefix
      + String(decoding: name.uppercased().utf8.map { $0 == 0x2d ? 0x5f : $0 }, as: UTF8.self)
  }

  /// Of the value in help; nil for a switch, whose flag takes no value.
  package var placeholder: String? { value.placeholder }

  /// What may be given, in words.
  package var expected: String { value.expected }

  /// The default in words, as help shows it.
  package var initial: String { value.unset ?? value.read(Root()) ?? "" }

  /// - Throws: and changes nothing, if `text` is not what is expected.
  package func set(_ text: String, in root: inout Root) throws(SettingProblem) {
    try value.write(&root, text)
  }
}

/// Why a text is no value of a setting.
package enum SettingProblem: Error, Sendable, Equatable {
  /// It is not what the setting says it expects.
  case unexpected
  /// Something that says more.
  case reason(String)
}

/// The type of a setting: how a person writes it, and where it is kept.
package struct SettingValue<Root: Settable>: Sendable {
  /// Of the value in help; nil for a switch, whose flag takes no value.
  let placeholder: String?
  /// What may be given, in words.
  let expected: String
  /// Several texts: with commas between in one text, or a sequence in YAML.
  var isList = false
  /// What holds unless it is set, in words, where no value says that.
  var unset: String?
  /// As a person would write it; nil where only leaving it out says so.
  let read: @Sendable (Root) -> String?
  let write: @Sendable (inout Root, String) throws(SettingProblem) -> Void

  init(
    _ placeholder: String?, expected: String, isList: Bool = false, unset: String? = nil,
    read: @escaping @Sendable (Root) -> String?,
    write: @escaping @Sendable (inout Root, String) throws(SettingProblem) -> Void
  ) {
    self.placeholder = placeholder
    self.expected = expected
    self.isList = isList
    self.unset = unset
    self.read = read
    self.write = write
  }
}
