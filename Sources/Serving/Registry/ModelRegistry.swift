package import Accounts
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
    var presence = ModelDirectory.Presence.here
    /// Its folder has gone.
    var isAbsent = false
  }
  package typealias Label = ModelWishes.Label

  package struct Model: Sendable {
    package let name: String
    package var settings: ModelSettings
    /// Rising; none where the model's folder holds none.
    package var versions: [Version]
    /// Why none of the versions could be tried.
    package var problem: String?
    package var wishes = ModelWishes()
    var held = VersionHolds()
    package var labels: [String: Label] { wishes.labels }
  }

  private let models = Mutex<[String: Model]>([:])
  /// Of models that are not there.
  private let remembered = Mutex<[String: ModelWishes]>([:])
  private let histories = Mutex<[String: ModelHistory]>([:])

  package init() {}

  // MARK: What the keeper changes

  /// What operators wanted of models that are still to come.
  func remember(_ wishes: [String: ModelWishes]) { remembered.withLock { $0 = wishes } }

  /// Takes over what a model's folder holds now. Versions that are new wait to be loaded; those
  /// that answer go on whatever became of their files, until the keeper takes them out.
  package func merge(_ entry: ModelDirectory.Entry) {
    models.withLock { models in
      var model =
        models[entry.name]
        ?? Model(
          name: entry.name, settings: entry.settings, versions: [], problem: nil,
          wishes: remembered.withLock { $0.removeValue(forKey: entry.name) } ?? ModelWishes())
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
        let found = entry.versions.first { $0.number == number }
        model.versions[index].isAbsent = found == nil
        if let found { model.versions[index].presence = found.presence }
      }
      for found in entry.versions where model.version(found.number) == nil {
        let state = entry.problem.map { State.failed($0) } ?? .unloaded
        model.versions.append(
          Version(
            number: found.number, path: found.path, state: state, presence: found.presence))
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
        let isGone = model.versions.isEmpty && !names.contains(name)
        models[name] = isGone ? nil : model
        guard isGone else { continue }
        histories.withLock { $0[name] = nil }
        if !model.wishes.isEmpty { remembered.withLock { $0[name] = model.wishes } }
      }
    }
  }

  func changeHistory(of name: String, _ body: (inout ModelHistory) -> Void) {
    guard contains(name) else { return }
    histories.withLock { body(&$0[name, default: ModelHistory()]) }
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

  func history(of name: String) -> ModelHistory {
    histories.withLock { $0[name] ?? ModelHistory() }
  }

  /// How all models stand, by name.
  var standings: [(name: String, standing: Model.Standing)] {
    all.map { ($0.name, $0.standing) }
  }

  /// All models by name.
  package var all: [Model] {
    models.withLock { Array($0.values) }.sorted { $0.name < $1.name }
  }

  package func contains(_ name: String) -> Bool { models.withLock { $0[name] != nil } }

  /// - Parameter caller: whom an error tells what there is; nil for whoever may know of all.
  package func model(_ name: String, for caller: Caller? = nil) throws(Status) -> Model {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys, caller) }
      return model
    }
  }

  /// The version that answers a call.
  ///
  /// - Parameters:
  ///   - version: a number or a label; `latest` means the newest that is ready, and empty the same
  ///     but for the share of calls that labels take.
  ///   - caller: as of `model`.
  /// - Throws: NOT_FOUND naming what there is; UNAVAILABLE while it loads or when it failed.
  package func resolve(
    _ name: String, version: String, for caller: Caller? = nil
  ) throws(Status) -> ServedModel {
    try models.withLock { models throws(Status) in
      guard let model = models[name] else { throw Self.unknown(name, models.keys, caller) }
      return try Self.resolve(version, of: model)
    }
  }

  static func resolve(_ version: String, of model: Model) throws(Status) -> ServedModel {
    if version.isEmpty {
      return try drawn(model.labels.isEmpty ? 1 : .random(in: 0..<1), of: model)
    }
    return version == "latest" ? try newest(of: model) : try numbered(version, of: model)
  }

  /// For what reads several things of a model at once.
  func withModels<Result: Sendable>(_ body: ([String: Model]) -> Result) -> Result {
    models.withLock { body($0) }
  }

  private static func newest(of model: Model) throws(Status) -> ServedModel {
    var last: ServedModel?
    for version in model.versions.reversed() {
      guard case .ready(let served, _) = version.state else { continue }
      if !model.wishes.heldOut.contains(version.number) { return served }
      last = last ?? served
    }
    // What somebody wants out answers until its successor does.
    if let last { return last }
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

  /// The version that a call without one gets: a label's share of them, else the newest. Where a
  /// label's version does not answer, its calls are the newest's, not another label's.
  ///
  /// - Parameter draw: below 1, at random; 1 is no label's.
  static func drawn(_ draw: Double, of model: Model) throws(Status) -> ServedModel {
    var left = draw
    for label in model.labels.values where label.share > 0 {
      left -= label.share
      guard left < 0 else { continue }
      guard case .ready(let served, _)? = model.version(label.version)?.state else { break }
      return served
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
      if case .coming = version.presence {
        throw Status(.unavailable, "\(which) is still being fetched; retry soon")
      }
      throw Status(.unavailable, "\(which) is not loaded; LoadModel loads it")
    case .failed:
      throw Status(
        .unavailable, "\(which) could not be loaded; GetModel and the log say why")
    }
  }

  static func unknown(
    _ name: String, _ names: some Collection<String>, _ caller: Caller?
  ) -> Status {
    if name.isEmpty { return Status(.invalidArgument, "model: a name is required") }
    let seen = names.filter { caller?.sees(model: $0) ?? true }
    let known = seen.sorted().prefix(20).joined(separator: ", ")
    let others = names.isEmpty ? "no models are installed" : "the key opens none that is there"
    return Status(
      .notFound,
      "no model named `\(Validation.shown(name))`; "
        + (known.isEmpty ? others : "there are: \(known)"))
  }
}
