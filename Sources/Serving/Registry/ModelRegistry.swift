package import Messages
internal import Synchronization

/// The models of the server by name, with every version's state. Read on every call, from any loop.
package final class ModelRegistry: Sendable {
  package enum State: Sendable {
    /// In the folder, not in memory.
    case unloaded
    case loading
    case ready(ServedModel, since: Double)
    case failed(String)
    /// Takes no more calls; those that run still hold it.
    case unloading
  }
  package struct Version: Sendable {
    package let number: Int
    package let path: String
    package var state: State
    /// Loaded because somebody asked for it, however old.
    var isPinned = false
    /// Kept out because somebody asked for that, however new.
    var isHeldOut = false
    /// Its folder has gone.
    var isAbsent = false
  }
  /// Where a label points, and its share of the calls that name no version.
  package struct Label: Sendable, Equatable {
    package let version: Int
    package let share: Double
  }
  package struct Model: Sendable {
    package let name: String
    package var settings: ModelSettings
    /// Rising; none where the model's folder holds none.
    package var versions: [Version]
    /// Why none of the versions could be tried.
    package var problem: String?
    package var labels: [String: Label] = [:]
  }

  private let models = Mutex<[String: Model]>([:])

  package init() {}

  // MARK: What the keeper changes

  /// Takes over what a model's folder holds now. Versions that are new wait to be loaded; those
  /// that answer go on whatever became of their files, until the keeper takes them out.
  package func merge(_ entry: ModelDirectory.Entry) {
    models.withLock { models in
      var model =
        models[entry.name]
        ?? Model(name: entry.name, settings: entry.settings, versions: [], problem: nil)
      if model.problem != nil, entry.problem == nil {
        // What kept all of them out has been mended.
        for index in model.versions.indices where model.versions[index].state.phase == .failed {
          model.versions[index].state = .unloaded
        }
      }
      model.settings = entry.settings
      model.problem = entry.problem
      for index in model.versions.indices {
        let number = model.versions[index].number
        model.versions[index].isAbsent = !entry.versions.contains { $0.number == number }
      }
      for found in entry.versions where model.version(found.number) == nil {
        let state = entry.problem.map { State.failed($0) } ?? .unloaded
        model.versions.append(Version(number: found.number, path: found.path, state: state))
      }
      model.versions.sort { $0.number < $1.number }
      models[entry.name] = model
    }
  }

  /// Forgets versions whose folders have gone, once they are out of memory, and models without any.
  func forgetAbsent(except names: Set<String>) {
    models.withLock { models in
      for (name, var model) in models {
        model.versions.removeAll { $0.isAbsent && [.unloaded, .failed].contains($0.state.phase) }
        models[name] = model.versions.isEmpty && !names.contains(name) ? nil : model
      }
    }
  }

  /// The folder of the whole model has gone.
  func setAbsent(_ name: String) {
    change(name) { model in
      for index in model.versions.indices { model.versions[index].isAbsent = true }
    }
  }

  func change(_ name: String, _ body: (inout Model) -> Void) {
    models.withLock { models in
      guard var model = models[name] else { return }
      body(&model)
      models[name] = model
    }
  }

  package func set(_ name: String, _ version: Int, to state: State) {
    change(name) { $0.withVersion(version) { $0.state = state } }
  }

  // MARK: What callers read

  /// How all models stand, by name.
  var standings: [(name: String, standing: Model.Standing)] {
    all.map { ($0.name, $0.standing) }
  }

  /// All models by name.
  package var all: [Model] {
    models.withLock { Array($0.values) }.sorted { $0.name < $1.name }
  }

  package func contains(_ name: String) -> Bool { models.withLock { $0[name] != nil } }

  package func model(_ name: String) throws(Status) -> Model {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys) }
      return model
    }
  }

  /// The version that answers a call.
  ///
  /// - Parameter version: a number or a label; `latest` means the newest that is ready, and empty
  /// the
  ///   same but for the share of calls that labels take.
  /// - Throws: NOT_FOUND naming what there is; UNAVAILABLE while it loads or when it failed.
  package func resolve(_ name: String, version: String) throws(Status) -> ServedModel {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys) }
      return try Self.resolve(version, of: model)
    }
  }

  static func resolve(_ version: String, of model: Model) throws(Status) -> ServedModel {
    if version.isEmpty { return try drawn(of: model) }
    return version == "latest" ? try newest(of: model) : try numbered(version, of: model)
  }

  /// For what reads several things of a model at once.
  func withModels<Result: Sendable>(_ body: ([String: Model]) -> Result) -> Result {
    models.withLock { body($0) }
  }

  private static func newest(of model: Model) throws(Status) -> ServedModel {
    for version in model.versions.reversed() where !version.isHeldOut {
      if case .ready(let served, _) = version.state { return served }
    }
    switch model.standing {
    case .loading:
      throw Status(.unavailable, "model \(model.name) is still loading; retry soon")
    case .unloaded:
      throw Status(
        .unavailable, "no version of model \(model.name) is loaded; LoadModel loads one")
    case .ready, .failed:
      throw Status(
        .unavailable,
        "no version of model \(model.name) could be loaded; GetModel and the log say why")
    }
  }

  /// The version that a call without one gets: a label's share of them, else the newest.
  private static func drawn(of model: Model) throws(Status) -> ServedModel {
    var left = model.labels.isEmpty ? 1 : Double.random(in: 0..<1)
    for label in model.labels.values where label.share > 0 {
      left -= label.share
      if left < 0, case .ready(let served, _)? = model.version(label.version)?.state {
        return served
      }
    }
    return try newest(of: model)
  }

  static func unknownVersion(_ text: String, of model: Model) -> Status {
    let known = model.versions.suffix(20).map { String($0.number) } + model.labels.keys.sorted()
    return Status(
      .notFound,
      "model \(model.name) has no version `\(Validation.shown(text))`; "
        + (known.isEmpty
          ? "it has none" : "it has \(known.joined(separator: ", ")), or use latest"))
  }

  private static func numbered(_ text: String, of model: Model) throws(Status) -> ServedModel {
    let number = model.labels[text].map { String($0.version) } ?? text
    guard let version = model.versions.first(where: { String($0.number) == number }) else {
      throw unknownVersion(text, of: model)
    }
    let which = "version \(number) of model \(model.name)"
    switch version.state {
    case .ready(let served, _): return served
    case .loading: throw Status(.unavailable, "\(which) is still loading; retry soon")
    case .unloaded, .unloading:
      throw Status(.unavailable, "\(which) is not loaded; LoadModel loads it")
    case .failed:
      throw Status(
        .unavailable, "\(which) could not be loaded; GetModel and the log say why")
    }
  }

  static func unknown(_ name: String, _ names: some Collection<String>) -> Status {
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
    /// None does, as somebody wanted.
    case unloaded
    /// None ever will: what is wrong with the model or with its newest version.
    case failed(String)
  }

  var standing: Standing {
    var isLoading = false
    var isOut = false
    for version in versions {
      switch version.state {
      case .ready: return .ready
      case .loading: isLoading = true
      case .unloaded, .unloading:
        if version.isHeldOut || version.isAbsent { isOut = true } else { isLoading = true }
      case .failed: break
      }
    }
    if isLoading { return .loading }
    if isOut { return .unloaded }
    if case .failed(let reason) = versions.last?.state { return .failed(reason) }
    return .failed(problem ?? "")
  }

  func version(_ number: Int) -> ModelRegistry.Version? {
    versions.first { $0.number == number }
  }

  mutating func withVersion(_ number: Int, _ body: (inout ModelRegistry.Version) -> Void) {
    guard let index = versions.firstIndex(where: { $0.number == number }) else { return }
    body(&versions[index])
  }
}

extension ModelRegistry.State {
  enum Phase: Sendable { case unloaded, loading, ready, failed, unloading }

  var phase: Phase {
    switch self {
    case .unloaded: .unloaded
    case .loading: .loading
    case .ready: .ready
    case .failed: .failed
    case .unloading: .unloading
    }
  }
}
