internal import Accounts
internal import Messages

// What becomes of operators' orders, on the keeper's thread.

extension ModelKeeper.Shift {
  mutating func carryOut(_ order: ModelKeeper.Order, _ finish: @escaping Finish) {
    guard errands.count + lookers.count + waiting.count < ModelKeeper.orderBound else {
      return finish(.failure(ModelKeeper.tooMany))
    }
    do throws(Status) {
      switch order {
      case .load(let name, let version):
        // Whoever says "load" says that the files are there.
        lookers.append((refresh(for: name), name, version, finish))
        proceed()
      case .unload(let name, let version): try unload(name, version, finish)
      case .label(let name, let label, let version, let share):
        try setLabel(name, label, version, share) { _, outcome in finish(outcome) }
      case .rollBack(let name): try rollBack(name, finish)
      case .override(let overrides):
        override(overrides)
        finish(.success(()))
      }
    } catch {
      finish(.failure(error))
    }
  }

  /// Asks the source of a model for a new look, or, where none is known to have it, all sources.
  private func refresh(for name: String) -> [Int] {
    let owner = owners[name]
    return keeper.sources.enumerated().map { index, source in
      owner == nil || owner == index ? source.refresh() : 0
    }
  }

  /// Goes on with what can go on by now.
  mutating func proceed() {
    let sources = keeper.sources
    let ready = lookers.filter { zip(sources, $0.looks).allSatisfy { $0.hasLooked($1) } }
    if !ready.isEmpty {
      lookers.removeAll { each in zip(sources, each.looks).allSatisfy { $0.hasLooked($1) } }
      look(isComplete: true)
      for each in ready {
        do throws(Status) { try load(each.name, each.version, each.finish) } catch {
          each.finish(.failure(error))
        }
      }
    }
    let due = errands
    errands = []
    for errand in due {
      if let outcome = outcome(of: errand.model, errand.number) {
        errand.conclude(&self, outcome)
      } else {
        errands.append(errand)
      }
    }
  }

  private mutating func load(
    _ name: String, _ text: String, _ finish: @escaping Finish
  ) throws(Status) {
    let isNewest = text.isEmpty || text == "latest"
    guard let model = try? registry.model(name),
      let number = isNewest ? model.versions.last?.number : Int(text),
      let version = model.version(number)
    else { throw try missing(name, text) }
    var wishes = model.wishes
    wishes.heldOut.remove(number)
    if !isNewest { wishes.pinned.insert(number) }
    if wishes != model.wishes {
      registry.change(name) { [wishes] in $0.wishes = wishes }
      keepWishes(of: name)
    }
    tryAgain(name, version)
    whenReady(name, number) { _, outcome in finish(outcome) }
  }

  /// Forgets why a version could not be fetched or loaded.
  private mutating func tryAgain(_ name: String, _ version: ModelRegistry.Version) {
    failures[version.path] = nil
    if case .failed = version.state { registry.set(name, version.number, to: .unloaded) }
    switch version.presence {
    case .here, .elsewhere: break
    case .coming, .broken: fetch(name, version.number)
    }
  }

  /// A version that may be in a source that cannot be looked at.
  private func missing(_ name: String, _ text: String) throws(Status) -> Status {
    if let sourceProblem {
      return Status(
        .unavailable,
        "it is not here, and a source of models cannot be looked at: \(sourceProblem)")
    }
    return unknown(try registry.model(name), text)
  }

  private mutating func unload(
    _ name: String, _ text: String, _ finish: @escaping Finish
  ) throws(Status) {
    let model = try registry.model(name)
    var numbers = Set(model.versions.map(\.number))
    if !text.isEmpty {
      guard let number = Int(text), numbers.contains(number) else { throw unknown(model, text) }
      numbers = [number]
    }
    registry.change(name) { [numbers] model in
      model.wishes.forget(numbers)
      model.holdOut(numbers)
    }
    keepWishes(of: name)
    bringAbout(name)
    wait(for: numbers, of: name, finish)
  }

  mutating func setLabel(
    _ name: String, _ label: String, _ number: Int?, _ share: Double,
    _ conclude: @escaping Errand.Conclusion
  ) throws(Status) {
    let model = try registry.model(name)
    guard let number else {
      registry.change(name) { $0.wishes.labels[label] = nil }
      noteLabel(name, label, nil, 0)
      bringAbout(name)
      return conclude(&self, .success(()))
    }
    guard let version = model.version(number) else { throw unknown(model, "\(number)") }
    guard !version.isAbsent else {
      throw Status(.notFound, "version \(number) of model \(name) has gone")
    }
    try model.checkRoom(for: label, share: share)
    registry.change(name) { $0.held.hold([number]) }
    // The label points to where it did, and calls come, until the version answers.
    let target = ModelRegistry.Label(version: number, share: share)
    whenReady(name, number) { shift, outcome in
      let outcome = outcome.flatMap { shift.point(label, of: name, at: target) }
      shift.registry.change(name) { $0.held.release([number]) }
      shift.bringAbout(name)
      conclude(&shift, outcome)
    }
  }

  /// Other labels may have been set since this one was ordered.
  private func point(
    _ label: String, of name: String, at target: ModelRegistry.Label
  ) -> Result<Void, Status> {
    do throws(Status) {
      try registry.model(name).checkRoom(for: label, share: target.share)
    } catch {
      return .failure(error)
    }
    registry.change(name) { model in
      model.wishes.labels[label] = target
      model.wishes.heldOut.remove(target.version)
    }
    noteLabel(name, label, target.version, target.share)
    return .success(())
  }

  func noteLabel(_ name: String, _ label: String, _ number: Int?, _ share: Double) {
    keepWishes(of: name)
    let detail = number == nil ? "\(label) taken away" : "\(label), share \(share)"
    keeper.reports.note(.labelled, name, number, detail)
    log.info(
      "labelled", ("model", .text(name)), ("label", .text(label)),
      ("version", .text(number.map(String.init) ?? "none")), ("share", .number(share)))
  }

  /// The version before the newest answers first; only then the newest goes.
  private mutating func rollBack(_ name: String, _ finish: @escaping Finish) throws(Status) {
    let model = try registry.model(name)
    let usable = model.versions.filter {
      !model.wishes.heldOut.contains($0.number) && !$0.isAbsent
    }
    guard let latest = usable.last(where: { $0.state.phase == .ready }),
      let earlier = usable.last(where: { $0.number < latest.number })
    else {
      throw Status(
        .failedPrecondition, "model \(name) has no version before the one that answers")
    }
    registry.change(name) { $0.held.hold([earlier.number]) }
    tryAgain(name, earlier)
    whenReady(name, earlier.number) { shift, outcome in
      let isReady = (try? outcome.get()) != nil
      shift.registry.change(name) { model in
        model.held.release([earlier.number])
        if isReady { model.holdOut([latest.number]) }
      }
      if isReady { shift.noteRollBack(name, from: latest.number, to: earlier.number) }
      shift.bringAbout(name)
      finish(outcome)
    }
  }

  private func noteRollBack(_ name: String, from: Int, to: Int) {
    keepWishes(of: name)
    keeper.reports.note(.rolledBack, name, to, "from version \(from)")
    log.info(
      "rolled back", ("model", .text(name)), ("from", .integer(from)), ("to", .integer(to)))
  }

  /// Brings it about that a version answers, and goes on when it does or does not.
  private mutating func whenReady(
    _ name: String, _ number: Int,
    _ conclude: @escaping Errand.Conclusion
  ) {
    guard bringAbout(name) else { return conclude(&self, .failure(ModelKeeper.stopped)) }
    guard let outcome = outcome(of: name, number) else {
      errands.append(Errand(model: name, number: number, conclude: conclude))
      return
    }
    conclude(&self, outcome)
  }

  /// - Returns: FAILED_PRECONDITION with the reason where the version does not answer after all;
  ///   nil where its files are still to come.
  private func outcome(of name: String, _ number: Int) -> Result<Void, Status>? {
    func failure(_ code: Status.Code, _ reason: String) -> Result<Void, Status> {
      .failure(Status(code, "version \(number) of model \(name) \(reason)"))
    }
    guard let version = (try? registry.model(name))?.version(number) else {
      return failure(.notFound, "has gone")
    }
    switch (version.state, version.presence) {
    case (.ready, _): return .success(())
    case (.failed(let reason), _):
      return failure(.failedPrecondition, "could not be loaded: \(reason)")
    case (.unloading, _):
      return failure(
        .failedPrecondition, "still finishes its calls; try again when it is gone")
    case (.unloaded, .broken(let reason)):
      return failure(.failedPrecondition, "could not be fetched: \(reason)")
    case (.unloaded, .coming(let problem)):
      return problem.map { failure(.unavailable, "is tried again by itself: \($0)") }
    case (.unloaded, .elsewhere), (.unloaded, .here), (.loading, _):
      return failure(.failedPrecondition, "is not to answer")
    }
  }

  private func unknown(_ model: ModelRegistry.Model, _ text: String) -> Status {
    ModelRegistry.unknownVersion(text, of: model)
  }
}
