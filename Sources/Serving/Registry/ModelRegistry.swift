package import Messages
internal import Synchronization

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
    /// Rising; none where the model's folder holds none.
    package var versions: [Version]
    /// Why none of the versions could be tried.
    package let problem: String?
  }

  private let models = Mutex<[String: Model]>([:])

  package init() {}

  /// Enters a model with all its versions loading, or failed where they cannot be tried.
  package func add(_ entry: ModelDirectory.Entry) {
    let state = entry.problem.map { State.failed($0) } ?? .loading
    let versions = entry.versions.map { Version(number: $0.number, state: state) }
    models.withLock {
      $0[entry.name] = Model(
        name: entry.name, settings: entry.settings, versions: versions, problem: entry.problem)
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

  /// How all models stand, by name.
  var standings: [(name: String, standing: Model.Standing)] {
    all.map { ($0.name, $0.standing) }
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
        "model \(model.name) has no version `\(Validation.shown(text))`; "
          + (known.isEmpty ? "it has none" : "it has \(known), or use latest"))
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
      "no model named `\(Validation.shown(name))`"
        + (known.isEmpty ? "; no models are installed" : "; there are: \(known)"))
  }
}

extension ModelRegistry.Model {
  /// How a model stands as a whole.
  enum Standing: Sendable, Equatable {
    /// One of its versions answers.
    case ready
    /// None does yet.
    case loading
    /// None ever will: what is wrong with the model or with its newest version.
    case failed(String)
  }

  var standing: Standing {
    for version in versions {
      if case .ready = version.state { return .ready }
    }
    for version in versions {
      if case .loading = version.state { return .loading }
    }
    if case .failed(let reason) = versions.last?.state { return .failed(reason) }
    return .failed(problem ?? "")
  }
}
