package import Messages
import Synchronization

/// The models of the server by name, with every version's state. Read on every call, from any loop.
package final class ModelRegistry: Sendable {
  package enum State: Sendable {
    case loading
    case ready(ServedModel, since: Double)
    case failed(String)
  }
  package struct Version: Sendable {
    package let number: Int
    package var state: State
  }
  package struct Model: Sendable {
    package let name: String
    package let settings: ModelSettings
    /// Rising.
    package var versions: [Version]
  }

  private let models = Mutex<[String: Model]>([:])

  package init() {}

  /// Enters a model with all its versions loading.
  package func add(_ entry: ModelDirectory.Entry) {
    let versions = entry.versions.map { Version(number: $0.number, state: .loading) }
    models.withLock {
      $0[entry.name] = Model(name: entry.name, settings: entry.settings, versions: versions)
    }
  }

  package func set(_ name: String, _ version: Int, to state: State) {
    models.withLock { models in
      guard let index = models[name]?.versions.firstIndex(where: { $0.number == version }) else {
        return
      }
      models[name]?.versions[index].state = state
    }
  }

  /// All models by name.
  package var all: [Model] {
    models.withLock { Array($0.values) }.sorted { $0.name < $1.name }
  }

  package func model(_ name: String) throws(Status) -> Model {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys) }
      return model
    }
  }

  /// The version that answers a call.
  ///
  /// - Parameter version: a number; empty and `latest` mean the newest that is ready.
  /// - Throws: NOT_FOUND naming what there is; UNAVAILABLE while it loads or when it failed.
  package func resolve(_ name: String, version: String) throws(Status) -> ServedModel {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys) }
      return version.isEmpty || version == "latest"
        ? try Self.newest(of: model) : try Self.numbered(version, of: model)
    }
  }

  private static func newest(of model: Model) throws(Status) -> ServedModel {
    for version in model.versions.reversed() {
      if case .ready(let served, _) = version.state { return served }
    }
    for version in model.versions.reversed() {
      if case .loading = version.state {
        throw Status(.unavailable, "model \(model.name) is still loading; retry soon")
      }
    }
    throw Status(
      .unavailable,
      "no version of model \(model.name) could be loaded; GetModel and the log say why")
  }

  private static func numbered(_ text: String, of model: Model) throws(Status) -> ServedModel {
    guard let version = model.versions.first(where: { String($0.number) == text }) else {
      let known = model.versions.suffix(20).map { String($0.number) }.joined(separator: ", ")
      throw Status(
        .notFound,
        "model \(model.name) has no version `\(shown(text))`; it has \(known), or use latest")
    }
    switch version.state {
    case .ready(let served, _): return served
    case .loading:
      throw Status(
        .unavailable, "version \(text) of model \(model.name) is still loading; retry soon")
    case .failed:
      throw Status(
        .unavailable,
        "version \(text) of model \(model.name) could not be loaded; GetModel and the log say why")
    }
  }

  private static func unknown(_ name: String, _ names: some Collection<String>) -> Status {
    if name.isEmpty { return Status(.invalidArgument, "model: a name is required") }
    let known = names.sorted().prefix(20).joined(separator: ", ")
    return Status(
      .notFound,
      "no model named `\(shown(name))`"
        + (known.isEmpty ? "; no models are installed" : "; there are: \(known)"))
  }

  /// Outside text as it may stand in an error: short.
  private static func shown(_ text: String) -> String {
    text.utf8.count <= 64 ? text : String(decoding: text.utf8.prefix(48), as: UTF8.self) + "…"
  }
}
