internal import EventLoop
internal import Messages
internal import Metrics

// What VersionPlan wants, done: on the keeper's thread.

extension ModelKeeper.Shift {
  /// Heads after the encoders they stand on.
  mutating func bringAllAbout() {
    // Nearly always there is nothing to do, and then no file is read for it.
    let names = entries.keys.sorted().filter { name in
      (try? registry.model(name)).flatMap(VersionPlan.next) != nil
    }
    let heads = Set(
      names.filter { entries[$0]?.versions.contains { ModelInstaller.isHead($0) } ?? false })
    // What fails for lack of its encoder would make way for an older version.
    let areEncodersComing = registry.all.contains { model in
      !heads.contains(model.name) && model.standing == .loading
        && model.versions.contains { $0.presence == .coming(nil) }
    }
    let others = names.filter { !heads.contains($0) }
    for name in others + (areEncodersComing ? [] : heads.sorted()) {
      guard bringAbout(name) else {
        return log.info("loading was given up", ("model", .text(name)))
      }
    }
  }

  /// Takes steps until a model is as it should be, or has to wait for files.
  ///
  /// - Returns: false where the server ends.
  @discardableResult
  mutating func bringAbout(_ name: String) -> Bool {
    while let model = try? registry.model(name), let step = VersionPlan.next(model) {
      switch step {
      case .fetch(let number): fetch(name, number)
      case .load(let number):
        guard load(model, number) else { return false }
      case .unload(let number): unload(model, number)
      }
    }
    return true
  }

  func fetch(_ name: String, _ number: Int) {
    registry.change(name) { $0.withVersion(number) { $0.presence = .coming(nil) } }
    source(of: name)?.fetch(name, number)
  }

  private mutating func load(_ model: ModelRegistry.Model, _ number: Int) -> Bool {
    guard let entry = entries[model.name], let version = model.version(number) else {
      registry.set(model.name, number, to: .failed("its folder has gone"))
      return true
    }
    let before = model.latest
    let files = ModelDirectory.Version(number: number, path: version.path)
    let stamp = source(of: model.name)?.stamp(of: files)
    tried[version.path] = Trial(entry.settings)
    guard let succeeded = keeper.installer.load(entry, files) else { return false }
    if succeeded {
      source(of: model.name)?.noteUse(model.name, number)
      if source(of: model.name)?.tellsOfChanges == false { loadedFrom[version.path] = stamp }
      keeper.reports.loaded(model.name, number, preparation(model.name, number))
      if let before, number > before { noteSwap(model.name, from: before, to: number) }
      retryHeads(on: model.name)
    } else {
      failures[version.path] = source(of: model.name)?.stamp(of: files)
      loadedFrom[version.path] = nil
      let problem = (try? registry.model(model.name))?.version(number)?.failure
      keeper.reports.loadFailed(model.name, number, problem ?? "")
    }
    changed()
    return true
  }

  /// How a version has its pictures prepared; empty for one that takes none.
  private func preparation(_ name: String, _ number: Int) -> String {
    guard case .ready(let served, _) = (try? registry.model(name))?.version(number)?.state else {
      return ""
    }
    return served.facts.pictures.isEmpty ? "" : "pictures: \(served.facts.pictures)"
  }

  private func noteSwap(_ name: String, from old: Int, to new: Int) {
    keeper.reports.swapped(name, from: old, to: new)
    log.info(
      "swapped", ("model", .text(name)), ("from", .integer(old)), ("to", .integer(new)))
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
    registry.set(model.name, number, to: .unloading)
    keeper.installer.forget(model.name, number)
    leaving.append(
      Leaving(
        model: model.name, version: number, served: served, metrics: served.metrics, since: .now))
    changed()
  }

  /// Notes which versions have gone from memory, and tells those who wait for it.
  ///
  /// - Returns: whether any has.
  @discardableResult
  mutating func settle() -> Bool {
    // Calls let go at any moment, so each is asked once.
    let place = leaving.partition { $0.hasGone }
    let gone = leaving[place...]
    guard !gone.isEmpty else { return false }
    leaving.removeSubrange(place...)
    // What the weights' arenas do not hold (tokenizers, tables) goes back too.
    ProcessMemory.giveBack()
    for each in gone {
      registry.set(each.model, each.version, to: .unloaded)
      source(of: each.model)?.noteUse(each.model, each.version)
      keeper.reports.unloaded(each.model, each.version)
      changed()
      log.info(
        "unloaded", ("model", .text(each.model)), ("version", .integer(each.version)),
        ("ms", .number(each.since.duration(to: .now).milliseconds)))
    }
    waiting.removeAll { model, versions, finish in
      let isThere = leaving.contains { $0.model == model && versions.contains($0.version) }
      if !isThere { finish(.success(())) }
      return !isThere
    }
    return true
  }

  /// Tells `finish` when versions have gone; at once if they are not there.
  mutating func wait(for versions: Set<Int>, of model: String, _ finish: @escaping Finish) {
    waiting.append((model, versions, finish))
    if !leaving.contains(where: { $0.model == model && versions.contains($0.version) }) {
      waiting.removeLast()
      finish(.success(()))
    }
  }
}
