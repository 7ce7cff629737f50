internal import EventLoop
internal import Messages
internal import Metrics

extension ModelKeeper {
  /// What the keeper's thread knows of the folder and brings about; nothing here is shared.
  struct Shift {
    typealias Finish = @Sendable (Result<Void, Status>) -> Void

    /// A version that takes no more calls, until the last that runs lets go of it.
    private struct Leaving {
      let model: String
      let version: Int
      weak var served: ServedModel?
      let since: ContinuousClock.Instant
    }

    let keeper: ModelKeeper
    private let root: String
    private let changed: @Sendable () -> Void
    private(set) var entries: [String: ModelDirectory.Entry] = [:]
    /// Of the last look, by path of a version.
    private var stamps: [String: FolderStamp] = [:]
    /// What versions looked like that could not be loaded.
    private var failures: [String: FolderStamp] = [:]
    private var problems: Set<String> = []
    /// What apus.yaml says of models, and those whose labels do not point where it says yet.
    var overrides: [String: ModelOverride] = [:]
    var unlabelled: Set<String> = []
    private var leaving: [Leaving] = []
    private var waiting: [(model: String, versions: Set<Int>, finish: Finish)] = []

    init(keeper: ModelKeeper, root: String, changed: @escaping @Sendable () -> Void) {
      self.keeper = keeper
      self.root = root
      self.changed = changed
    }

    var log: Log { keeper.log }

    /// How long nothing may be done: calls that let go of a version tell nobody.
    var patience: Duration { leaving.isEmpty ? .seconds(3600) : .milliseconds(10) }

    // MARK: The folder

    /// The first look, which takes everything to be complete.
    mutating func begin(_ directory: ModelDirectory) {
      enter(directory) { _ in true }
      changed()
      bringAllAbout()
    }

    /// Versions that are new, or have failed and changed since, are tried once their files have
    /// stayed as they are from one look to the next: nobody is copying any more.
    mutating func look(isComplete: Bool = false) {
      let directory: ModelDirectory
      do throws(ConfigurationError) {
        directory = try ModelDirectory(scanning: root, overrides: overrides)
      } catch {
        return tell(error.description)
      }
      var now: [String: FolderStamp] = [:]
      // Of versions that answer or wait nobody asks whether their files are complete.
      for entry in directory.entries {
        let known = try? keeper.registry.model(entry.name)
        for version in entry.versions
        where known?.version(version.number) == nil || failures[version.path] != nil {
          now[version.path] = FolderStamp(version.path)
        }
      }
      let before = stamps
      stamps = now
      enter(directory) { isComplete || before[$0.path] == now[$0.path] }
      bringAllAbout()
      label()
      keeper.registry.forgetAbsent(except: Set(directory.entries.map(\.name)))
      entries = entries.filter { keeper.registry.contains($0.key) }
    }

    private mutating func enter(
      _ directory: ModelDirectory, isSettled: (ModelDirectory.Version) -> Bool
    ) {
      for problem in directory.problems { tell(problem) }
      for name in entries.keys where !directory.entries.contains(where: { $0.name == name }) {
        keeper.registry.setAbsent(name)
      }
      for var entry in directory.entries {
        let known = try? keeper.registry.model(entry.name)
        entry.versions.removeAll { known?.version($0.number) == nil && !isSettled($0) }
        if let problem = entry.problem { tell(problem, model: entry.name) }
        entries[entry.name] = entry
        keeper.registry.merge(entry)
        for version in entry.versions where isSettled(version) {
          if let failed = failures[version.path], failed != stamps[version.path] {
            retry(entry.name, version)
          }
        }
      }
    }

    private mutating func retry(_ name: String, _ version: ModelDirectory.Version) {
      failures[version.path] = nil
      keeper.registry.set(name, version.number, to: .unloaded)
    }

    mutating func forgetFailure(_ path: String) { failures[path] = nil }

    /// A problem is news once.
    private mutating func tell(_ problem: String, model: String? = nil) {
      guard isNews(problem) else { return }
      if let model {
        log.error("not loaded", ("model", .text(model)), ("problem", .text(problem)))
      } else {
        log.warning("models folder", ("problem", .text(problem)))
      }
    }

    mutating func isNews(_ problem: String) -> Bool { problems.insert(problem).inserted }

    // MARK: Steps

    /// Heads after the encoders they stand on.
    private mutating func bringAllAbout() {
      // Nearly always there is nothing to do, and then no file is read for it.
      let names = entries.keys.sorted().filter { name in
        (try? keeper.registry.model(name)).flatMap(VersionPlan.next) != nil
      }
      let heads = Set(
        names.filter { entries[$0]?.versions.contains { ModelInstaller.isHead($0) } ?? false })
      for name in names.filter({ !heads.contains($0) }) + names.filter({ heads.contains($0) }) {
        guard bringAbout(name) else {
          return log.info("loading was given up", ("model", .text(name)))
        }
      }
    }

    /// Takes steps until a model is as it should be.
    ///
    /// - Returns: false where the server ends.
    @discardableResult
    mutating func bringAbout(_ name: String) -> Bool {
      while let model = try? keeper.registry.model(name), let step = VersionPlan.next(model) {
        switch step {
        case .load(let number):
          guard load(model, number) else { return false }
        case .unload(let number): unload(model, number)
        }
      }
      return true
    }

    private mutating func load(_ model: ModelRegistry.Model, _ number: Int) -> Bool {
      guard let entry = entries[model.name], let version = model.version(number) else {
        keeper.registry.set(model.name, number, to: .failed("its folder has gone"))
        return true
      }
      let source = ModelDirectory.Version(number: number, path: version.path)
      guard let succeeded = keeper.installer.load(entry, source) else { return false }
      if succeeded {
        retryHeads(on: model.name)
      } else {
        failures[version.path] = FolderStamp(version.path)
      }
      keeper.noteLoad(succeeded)
      changed()
      return true
    }

    /// What failed for lack of an encoder may load now.
    private mutating func retryHeads(on name: String) {
      for (other, entry) in entries where other != name {
        for version in entry.versions where failures[version.path] != nil {
          if ModelInstaller.isHead(version) { retry(other, version) }
        }
      }
    }

    private mutating func unload(_ model: ModelRegistry.Model, _ number: Int) {
      guard case .ready(let served, _)? = model.version(number)?.state else { return }
      log.info("unloading", ("model", .text(model.name)), ("version", .integer(number)))
      keeper.registry.set(model.name, number, to: .unloading)
      keeper.installer.forget(model.name, number)
      leaving.append(
        Leaving(model: model.name, version: number, served: served, since: .now))
      changed()
    }

    /// Notes which versions have gone from memory, and tells those who wait for it.
    mutating func settle() {
      let gone = leaving.filter { $0.served == nil }
      guard !gone.isEmpty else { return }
      leaving.removeAll { $0.served == nil }
      // What the weights' arenas do not hold (tokenizers, tables) goes back too.
      ProcessMemory.giveBack()
      for each in gone {
        keeper.registry.set(each.model, each.version, to: .unloaded)
        log.info(
          "unloaded", ("model", .text(each.model)), ("version", .integer(each.version)),
          ("ms", .number(each.since.duration(to: .now).milliseconds)))
        keeper.noteUnload()
        changed()
      }
      waiting.removeAll { model, versions, finish in
        let isThere = leaving.contains { $0.model == model && versions.contains($0.version) }
        if !isThere { finish(.success(())) }
        return !isThere
      }
    }

    /// Tells `finish` when versions have gone; at once if they are not there.
    mutating func wait(for versions: Set<Int>, of model: String, _ finish: @escaping Finish) {
      waiting.append((model, versions, finish))
      if !leaving.contains(where: { $0.model == model && versions.contains($0.version) }) {
        waiting.removeLast()
        finish(.success(()))
      }
    }

    func end(_ status: Status) {
      for each in waiting { each.finish(.failure(status)) }
    }
  }
}
