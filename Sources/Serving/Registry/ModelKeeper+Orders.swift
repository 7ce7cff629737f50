internal import Messages

// What becomes of operators' orders, on the keeper's thread.

extension ModelKeeper.Shift {
  mutating func carryOut(_ order: ModelKeeper.Order, _ finish: @escaping Finish) {
    do throws(Status) {
      switch order {
      case .load(let name, let version): try load(name, version)
      case .unload(let name, let version): return try unload(name, version, finish)
      case .label(let name, let label, let version, let share):
        try setLabel(name, label, version, share)
      case .rollBack(let name): try rollBack(name)
      case .override(let overrides): override(overrides)
      }
    } catch {
      return finish(.failure(error))
    }
    finish(.success(()))
  }

  private mutating func load(_ name: String, _ text: String) throws(Status) {
    // Whoever says "load" says that the files are there.
    look(isComplete: true)
    let model = try keeper.registry.model(name)
    let isNewest = text.isEmpty || text == "latest"
    guard let number = isNewest ? model.versions.last?.number : Int(text),
      let version = model.version(number)
    else { throw unknown(model, text) }
    keeper.registry.change(name) { model in
      model.withVersion(number) { version in
        version.isHeldOut = false
        if !isNewest { version.isPinned = true }
        if case .failed = version.state { version.state = .unloaded }
      }
    }
    forgetFailure(version.path)
    try bringAboutReady(name, number)
  }

  private mutating func unload(
    _ name: String, _ text: String, _ finish: @escaping Finish
  ) throws(Status) {
    let model = try keeper.registry.model(name)
    var numbers = Set(model.versions.map(\.number))
    if !text.isEmpty {
      guard let number = Int(text), numbers.contains(number) else { throw unknown(model, text) }
      numbers = [number]
    }
    keeper.registry.change(name) { model in
      for number in numbers {
        model.withVersion(number) { version in
          version.isHeldOut = true
          version.isPinned = false
        }
      }
      model.labels = model.labels.filter { !numbers.contains($0.value.version) }
    }
    bringAbout(name)
    wait(for: numbers, of: name, finish)
  }

  mutating func setLabel(
    _ name: String, _ label: String, _ number: Int?, _ share: Double
  ) throws(Status) {
    let model = try keeper.registry.model(name)
    let before = model.labels[label]
    guard let number else {
      keeper.registry.change(name) { $0.labels[label] = nil }
      bringAbout(name)
      return
    }
    guard model.version(number) != nil else { throw unknown(model, "\(number)") }
    let others = model.labels.filter { $0.key != label }.map(\.value.share).reduce(0, +)
    guard others + share <= 1.000_000_1 else {
      throw Validation.invalid(
        "share", "the other labels of \(name) take \(others) of the calls; \(1 - others) are left")
    }
    keeper.registry.change(name) { model in
      model.labels[label] = ModelRegistry.Label(version: number, share: 0)
      model.withVersion(number) { $0.isHeldOut = false }
    }
    do throws(Status) { try bringAboutReady(name, number) } catch {
      keeper.registry.change(name) { $0.labels[label] = before }
      throw error
    }
    // Calls come only now that it answers.
    keeper.registry.change(name) {
      $0.labels[label] = ModelRegistry.Label(version: number, share: share)
    }
  }

  /// The version before the newest answers first; only then the newest goes.
  private mutating func rollBack(_ name: String) throws(Status) {
    let model = try keeper.registry.model(name)
    let usable = model.versions.filter { !$0.isHeldOut && !$0.isAbsent }
    guard let latest = usable.last(where: { $0.state.phase == .ready }),
      let earlier = usable.last(where: { $0.number < latest.number })
    else {
      throw Status(
        .failedPrecondition, "model \(name) has no version before the one that answers")
    }
    keeper.registry.change(name) { model in
      model.withVersion(earlier.number) { version in
        version.isPinned = true
        if case .failed = version.state { version.state = .unloaded }
      }
    }
    forgetFailure(earlier.path)
    do throws(Status) { try bringAboutReady(name, earlier.number) } catch {
      keeper.registry.change(name) { $0.withVersion(earlier.number) { $0.isPinned = false } }
      throw error
    }
    keeper.registry.change(name) { model in
      model.withVersion(latest.number) { $0.isHeldOut = true }
      model.withVersion(earlier.number) { $0.isPinned = false }
    }
    bringAbout(name)
    log.info(
      "rolled back", ("model", .text(name)), ("from", .integer(latest.number)),
      ("to", .integer(earlier.number)))
  }

  /// - Throws: FAILED_PRECONDITION with the reason where the version does not answer after all.
  private mutating func bringAboutReady(_ name: String, _ number: Int) throws(Status) {
    guard bringAbout(name) else { throw Status(.unavailable, "the server is shutting down") }
    switch try keeper.registry.model(name).version(number)?.state {
    case .ready: return
    case .failed(let reason):
      throw Status(
        .failedPrecondition, "version \(number) of model \(name) could not be loaded: \(reason)")
    case .unloading:
      throw Status(
        .failedPrecondition,
        "version \(number) of model \(name) still finishes its calls; try again when it is gone")
    case .unloaded, .loading, nil:
      throw Status(.failedPrecondition, "version \(number) of model \(name) is not to answer")
    }
  }

  private func unknown(_ model: ModelRegistry.Model, _ text: String) -> Status {
    ModelRegistry.unknownVersion(text, of: model)
  }
}
