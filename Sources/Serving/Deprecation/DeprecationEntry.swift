internal import Bytes
internal import REST
package import Time

/// One thing that is to go, as apus.yaml has it under `deprecated`: a method, a route or a model.
package struct DeprecationEntry: Sendable {
  /// Entries that a configuration may have.
  static let bound = 256

  package internal(set) var rpc: String?
  package internal(set) var route: String?
  package internal(set) var model: String?
  /// Of the model; nil is all of them.
  package internal(set) var version: Int?
  /// May be a time to come. Times are whole seconds, as headers tell them.
  package internal(set) var since: UnixTime?
  package internal(set) var sunset: UnixTime?
  /// Where to read about it.
  package internal(set) var link: String?
  /// What to use instead.
  package internal(set) var successor: String?
  /// Whether calls are refused from `sunset` on.
  package internal(set) var isRefused = false
  /// Where it stands in the file.
  var line = 0

  package init() {}

  /// `rpc`, `route` or `model`.
  var what: String { rpc != nil ? "rpc" : route != nil ? "route" : "model" }

  /// As written; of a model with its version, as in `minilm/1`.
  var name: String {
    rpc ?? route ?? ((model ?? "") + (version.map { "/\($0)" } ?? ""))
  }

  var notice: DeprecationNotice {
    DeprecationNotice(
      since: since ?? UnixTime(seconds: 0), sunset: sunset, link: link, successor: successor)
  }

  func hasGone(at now: UnixTime) -> Bool {
    guard isRefused, let sunset else { return false }
    return now >= sunset
  }

  /// What a caller is told who comes too late.
  var farewell: String {
    var text = "\(what) \(name) has gone"
    if let since, let sunset {
      text += ": deprecated since \(since.text(.seconds)), its sunset was \(sunset.text(.seconds))"
    }
    if let successor { text += "; use \(successor) instead" }
    if let link { text += "; more at \(link)" }
    return text
  }

  /// All but its name, in one line.
  var text: String {
    let settings = Self.table.drop { $0.key != "since" }
    return settings.compactMap { setting in
      setting.value.read(self).map { "\(setting.key) \($0)" }
    }.joined(separator: ", ")
  }
}

extension DeprecationEntry: Settable {
  /// The keys of an entry; from `since` on those that are no part of its name.
  static let table = [
    Setting<Self>("rpc", "a method, or all of a service", .known(\.rpc, ServedNames.methods)),
    Setting<Self>("route", "a route, or all below a path", .known(\.route, ServedNames.routes)),
    Setting<Self>(
      "model", "a model",
      .parsed("NAME", \.model, expected: "a model's name", text: { $0 }) { text in
        ModelName.isValid(text) ? .some(text) : nil
      }),
    Setting<Self>(
      "version", "one of its versions", .count(\.version, 1...Int.max, unset: "all of them")),
    Setting<Self>("since", "when it is deprecated", .time(\.since)),
    Setting<Self>("sunset", "when it is to go", .time(\.sunset)),
    Setting<Self>("link", "where to read about it", .link(\.link)),
    Setting<Self>("successor", "what to use instead", .link(\.successor)),
    Setting<Self>(
      "refuse_after_sunset", "whether calls are refused then", .toggle(\.isRefused)),
  ]
}

extension SettingValue<DeprecationEntry> {
  /// A name that covers one or more of `names`.
  fileprivate static func known(_ path: Path<String?>, _ names: ServedNames) -> Self {
    Self("NAME", expected: names.expected) {
      $0[keyPath: path]
    } write: { root, text throws(SettingProblem) in
      guard !names.covered(by: text).isEmpty else { throw .reason(names.complaint(text)) }
      root[keyPath: path] = text
    }
  }

  fileprivate static func time(_ path: Path<UnixTime?>) -> Self {
    parsed(
      "TIME", path, expected: "a date such as 2026-11-20 or a time such as 2026-11-20T14:45:00Z",
      text: { $0?.text(.seconds) }
    ) { text in
      UnixTime(rfc3339: text).map { .some(UnixTime(seconds: $0.microseconds / 1_000_000)) }
    }
  }

  fileprivate static func link(_ path: Path<String?>) -> Self {
    parsed(
      "URL", path, expected: "http:// or https://… of at most 512 characters that a URL may have",
      text: { $0 }
    ) { text in
      let isURL = ["https://", "http://"].contains { text.hasPrefix($0) && text != $0 }
      // It stands between < and > in a header field.
      let isPlain = text.utf8.allSatisfy { byte in
        (0x21...0x7e).contains(byte) && !"<>\"\\^`{|}".utf8.contains(byte)
      }
      return isURL && isPlain && text.utf8.count <= 512 ? .some(text) : nil
    }
  }
}
