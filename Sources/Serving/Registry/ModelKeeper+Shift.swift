internal import Accounts
internal import EventLoop
internal import Messages

extension ModelKeeper {
  /// What the keeper's thread knows of the sources and brings about; nothing here is shared.
  struct Shift {
    typealias Finish = @Sendable (Result<Void, Status>) -> Void

    /// A version that takes no more calls, until the last that runs lets go of it.
    struct Leaving {
      let model: String
      let version: Int
      weak var served: ServedModel?
      /// Held by calls until they are counted.
      weak var metrics: VersionMetrics?
      let since: ContinuousClock.Instant

      var hasGone: Bool { served == nil && metrics == nil }
    }

    struct Trial {
      let settings: ModelSettings
      /// What they have become since, as far as that has been told.
      var told: ModelSettings

      init(_ settings: ModelSettings) {
        self.settings = settings
        told = settings
      }
    }

    /// What waits for a version to come from its source and answer.
    struct Errand {
      let model: String
      let number: Int
      typealias Conclusion = (inout Shift, Result<Void, Status>) -> Void

      let conclude: Conclusion
    }

    let keeper: ModelKeeper
    let changed: @Sendable () -> Void
    private let loaded: @Sendable () -> Void
    private var isLoaded = false
    /// Of each source, as it was when it could be looked at last.
    private var seen: [ModelDirectory]
    private var lost: [String?]
    private(set) var entries: [String: ModelDirectory.Entry] = [:]
    /// Which source a model is from.
    private(set) var owners: [String: Int] = [:]
    /// What versions looked like that could not be loaded, by path.
    var failures: [String: VersionStamp] = [:]
    /// What those looked like that answer, when they were loaded, by path.
    var loadedFrom: [String: VersionStamp] = [:]
    /// What their files have become since, where that has been told.
    var told: [String: VersionStamp] = [:]
    /// The settings that versions were tried with, whatever came of it, by path.
    var tried: [String: Trial] = [:]
    /// What each model.yaml said when it was last understood, by model.
    private var written: [String: ModelSettings] = [:]
    private var problems: Set<String> = []
    /// Problems that are remembered at most; after so many, all are news again.
    private static let problemBound = 10_000
    /// What apus.yaml says of models, and those whose labels do not point where it says yet.
    var overrides: [String: ModelOverride] = [:]
    var unlabelled: Set<String> = []
    /// Models whose labels are being set, with the versions that this keeps in memory.
    var labelling: [String: Set<Int>] = [:]
    var leaving: [Leaving] = []
    var waiting: [(model: String, versions: Set<Int>, finish: Finish)] = []
    var errands: [Errand] = []
    /// Loads that wait for looks of those numbers at the sources.
    var lookers: [(looks: [Int], name: String, version: String, finish: Finish)] = []

    init(
      keeper: ModelKeeper, seen: [ModelDirectory], loaded: @escaping @Sendable () -> Void,
      changed: @escaping @Sendable () -> Void
    ) {
      self.keeper = keeper
      self.seen = seen
      self.loaded = loaded
      self.changed = changed
      lost = keeper.sources.map { _ in nil }
    }

    var log: Log { keeper.log }
    var registry: ModelRegistry { keeper.registry }

    func source(of model: String) -> (any ModelSource)? { owners[model].map { keeper.sources[$0] } }

    /// Why a source of models cannot be looked at.
    var sourceProblem: String? { lost.lazy.compactMap(\.self).first }

    // MARK: The sources

    /// Takes over what the sources held at the start.
    mutating func begin() {
      registry.remember(keeper.memory.recall())
      let keeper = keeper
      let events = SourceEvents {
        keeper.hearNews()
      } isInUse: { name, number in
        guard let model = try? keeper.registry.model(name) else { return false }
        return VersionPlan.wanted(model).contains(number)
          || model.version(number).map { ![.unloaded, .failed].contains($0.state.phase) } ?? false
      } fetched: { name, number, result in
        keeper.reports.fetched(name, number, result)
      }
      enter()
      for source in keeper.sources { source.begin(events) }
      changed()
      bringAllAbout()
      label()
      tellLoaded(areKnown: keeper.sources.allSatisfy(\.isKnown))
    }

    /// Versions that are new, or have failed and changed since, are tried once their files have
    /// stayed as they are from one look to the next: nobody is copying any more.
    mutating func look(isComplete: Bool = false) {
      let (registry, failures, loadedFrom) = (registry, failures, loadedFrom)
      let look = SourceLook(isComplete: isComplete) { name, version in
        (try? registry.model(name))?.version(version.number) == nil
          || failures[version.path] != nil || loadedFrom[version.path] != nil
      }
      let areKnown = keeper.sources.allSatisfy(\.isKnown)
      for (index, source) in keeper.sources.enumerated() {
        do throws(ConfigurationError) {
          seen[index] = try source.look(look)
          note(source.problem, of: index)
        } catch {
          note(error.description, of: index)
        }
      }
      enter()
      bringAllAbout()
      label()
      registry.forgetAbsent(except: Set(owners.keys))
      for name in entries.keys where !registry.contains(name) {
        entries[name] = nil
        written[name] = nil
        keeper.reports.ended(name)
      }
      forgetFailures()
      proceed()
      tellLoaded(areKnown: areKnown)
    }

    /// Once all models have been tried, or are held up by their source.
    private mutating func tellLoaded(areKnown: Bool) {
      let isComing = registry.all.flatMap(\.versions).contains { version in
        if case .coming(nil) = version.presence { version.state.phase == .unloaded } else { false }
      }
      guard !isLoaded, areKnown, !isComing else { return }
      isLoaded = true
      loaded()
    }

    /// A source that is lost, or back, is news once.
    private mutating func note(_ problem: String?, of index: Int) {
      guard problem != lost[index] else { return }
      let wasLost = lost[index] != nil
      lost[index] = problem
      let name = keeper.sources[index].name
      for model in owners where model.value == index {
        registry.changeHistory(of: model.key) { $0.sourceProblem = problem ?? "" }
      }
      keeper.setSourceProblems(
        zip(keeper.sources, lost).compactMap { source, problem in
          problem.map { "\(source.name): \($0)" }
        })
      guard wasLost != (problem != nil) else { return }
      keeper.reports.source(of: owners.filter { $0.value == index }.keys, problem: problem)
      if let problem {
        log.error(
          "source of models lost; what is here goes on answering", ("source", .text(name)),
          ("problem", .text(problem)))
      } else {
        log.info("source of models is back", ("source", .text(name)))
      }
      changed()
    }

    private mutating func enter() {
      var found: [String: (entry: ModelDirectory.Entry, source: Int)] = [:]
      for (index, directory) in seen.enumerated() {
        for problem in directory.problems { tell(problem) }
        for entry in directory.entries {
          if let other = found[entry.name] {
            tell(
              "\(entry.name) is in \(keeper.sources[other.source].name) and in "
                + "\(keeper.sources[index].name): that of the former is served")
            continue
          }
          found[entry.name] = (entry, index)
        }
      }
      for name in entries.keys where found[name] == nil { registry.setAbsent(name) }
      owners = found.mapValues(\.source)
      for name in found.keys.sorted() {
        if let (entry, _) = found[name] { enter(entry) }
      }
    }

    private mutating func enter(_ entry: ModelDirectory.Entry) {
      var entry = entry
      let known = try? registry.model(entry.name)
      entry.versions.removeAll { known?.version($0.number) == nil && !$0.isSettled }
      // Of a new model everything is still being written.
      if known == nil, entry.versions.isEmpty, entry.problem == nil { return }
      // While model.yaml is wrong, what it said before stays in force.
      if entry.problem != nil { entry.settings = written[entry.name] ?? entry.settings }
      written[entry.name] = entry.settings
      entry.settings = overrides[entry.name]?.applied(to: entry.settings) ?? entry.settings
      if let problem = entry.problem { tell(problem, model: entry.name) }
      entries[entry.name] = entry
      forgetVersions(of: known, except: entry)
      registry.merge(entry)
      if known == nil, let index = owners[entry.name] {
        let (name, problem) = (keeper.sources[index].name, lost[index])
        registry.changeHistory(of: entry.name) { history in
          history.source = name
          history.sourceProblem = problem ?? ""
        }
      }
      for version in entry.versions where version.isSettled { takeChanges(entry, version) }
    }

    /// What operators wanted of a version goes with it; while a model or its source is away it does
    /// not.
    private mutating func forgetVersions(
      of model: ModelRegistry.Model?, except entry: ModelDirectory.Entry
    ) {
      guard let model, entry.problem == nil else { return }
      var wishes = model.wishes
      wishes.forget(
        Set(model.versions.map(\.number)).subtracting(entry.versions.map(\.number)))
      guard wishes != model.wishes else { return }
      registry.change(model.name) { [wishes] in $0.wishes = wishes }
      keepWishes(of: model.name)
      for label in model.labels.keys.sorted() where wishes.labels[label] == nil {
        noteLabel(model.name, label, nil, 0)
      }
      // What apus.yaml says is set again when the version is back.
      if overrides[model.name]?.labels != nil { unlabelled.insert(model.name) }
    }

    /// What failed, or was loaded, before its files went has nothing to be compared with.
    private mutating func forgetFailures() {
      if failures.isEmpty, loadedFrom.isEmpty, tried.isEmpty { return }
      let listed = Set(entries.values.lazy.flatMap(\.versions).map(\.path))
      failures = failures.filter { listed.contains($0.key) }
      loadedFrom = loadedFrom.filter { listed.contains($0.key) }
      told = told.filter { listed.contains($0.key) }
      tried = tried.filter { listed.contains($0.key) }
    }

    mutating func retry(_ name: String, _ version: ModelDirectory.Version) {
      failures[version.path] = nil
      registry.set(name, version.number, to: .unloaded)
    }

    /// So that they outlive the process; labels of apus.yaml last as long as they stand there.
    func keepWishes(of name: String) {
      guard var wishes = (try? registry.model(name))?.wishes else { return }
      if overrides[name]?.labels != nil { wishes.labels = [:] }
      keeper.memory.keep(wishes, of: name)
    }

    /// A problem is news once.
    private mutating func tell(_ problem: String, model: String? = nil) {
      guard isNews(problem) else { return }
      if let model {
        log.error("not loaded", ("model", .text(model)), ("problem", .text(problem)))
      } else {
        log.warning("models folder", ("problem", .text(problem)))
      }
    }

    mutating func isNews(_ problem: String) -> Bool {
      if problems.count >= Self.problemBound { problems = [] }
      return problems.insert(problem).inserted
    }

    func end(_ status: Status) {
      for each in waiting { each.finish(.failure(status)) }
      for each in lookers { each.finish(.failure(status)) }
      var shift = self
      for each in errands { each.conclude(&shift, .failure(status)) }
    }
  }
}
