internal import Accounts

/// Which versions of a model should answer, and the next step towards that. Pure: the keeper takes
/// the step and asks again, so a version that fails makes way for an older one.
enum VersionPlan {
  enum Step: Equatable {
    /// Bring its files to this machine, which takes a while.
    case fetch(Int)
    case load(Int)
    case unload(Int)
  }

  /// Where a version's files are; `heldUp` is on the way and not getting on.
  enum Files: Equatable { case here, elsewhere, coming, heldUp }

  /// What is to be known of a version.
  struct Candidate {
    let number: Int
    var phase: ModelRegistry.State.Phase
    var files = Files.here
    /// Somebody asked for it, a label points at it, or an order under way needs it.
    var isAskedFor = false
    /// Somebody wants it out.
    var isHeldOut = false
    /// Its folder has gone.
    var isAbsent = false

    /// Whether it answers, or can be loaded at once.
    fileprivate var isAtHand: Bool { phase != .unloaded || files == .here }
  }

  /// The versions that should answer: the newest, those that were asked for, and, until all of
  /// these have been fetched, the newest of those that are at hand.
  ///
  /// - Parameters:
  ///   - versions: rising.
  ///   - keep: how many of the newest answer.
  static func wanted(_ versions: [Candidate], keep: Int) -> Set<Int> {
    let usable = versions.filter { $0.phase != .failed && !$0.isHeldOut && !$0.isAbsent }
    var wanted = Set(usable.suffix(keep).map(\.number))
    for version in usable where version.isAskedFor { wanted.insert(version.number) }
    wanted.formUnion(usable.filter(\.isAtHand).suffix(keep).map(\.number))
    return wanted
  }

  /// A version goes only when all that should answer do: whoever calls meanwhile meets the old one.
  ///
  /// - Returns: nil when all is as it should be, or will be once files have come.
  static func next(_ versions: [Candidate], keep: Int) -> Step? {
    let wanted = wanted(versions, keep: keep)
    for version in versions.reversed() where wanted.contains(version.number) {
      if version.phase == .loading { return nil }
      guard version.phase == .unloaded else { continue }
      switch version.files {
      case .here: return .load(version.number)
      case .elsewhere: return .fetch(version.number)
      case .coming, .heldUp: continue
      }
    }
    let successors = versions.filter { wanted.contains($0.number) }
    let leftover = versions.first { version in
      version.phase == .ready && !wanted.contains(version.number)
        && mayGo(version, before: successors)
    }
    return leftover.map { .unload($0.number) }
  }

  /// Whoever wants a version out need not wait for a successor that does not come.
  private static func mayGo(_ version: Candidate, before successors: [Candidate]) -> Bool {
    let coming = successors.filter { $0.phase == .unloaded }
    if coming.isEmpty || successors.contains(where: { $0.phase == .ready }) { return true }
    return version.isHeldOut && coming.allSatisfy { $0.files == .heldUp }
  }

  static func next(_ model: ModelRegistry.Model) -> Step? {
    next(candidates(model), keep: model.settings.keepVersions)
  }

  static func wanted(_ model: ModelRegistry.Model) -> Set<Int> {
    wanted(candidates(model), keep: model.settings.keepVersions)
  }

  private static func candidates(_ model: ModelRegistry.Model) -> [Candidate] {
    let asked = model.wishes.pinned.union(model.labels.values.map(\.version))
    return model.versions.map { version in
      var candidate = Candidate(
        number: version.number, phase: version.state.phase,
        isAskedFor: asked.contains(version.number) || model.held.contains(version.number),
        isHeldOut: model.isHeldOut(version.number), isAbsent: version.isAbsent)
      switch version.presence {
      case .here: break
      case .elsewhere: candidate.files = .elsewhere
      case .coming(let problem): candidate.files = problem == nil ? .coming : .heldUp
      case .broken: if candidate.phase == .unloaded { candidate.phase = .failed }
      }
      return candidate
    }
  }
}
