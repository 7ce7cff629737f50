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

  /// Where a version's files are.
  enum Files: Equatable { case here, elsewhere, coming }

  /// What is to be known of a version.
  struct Candidate {
    let number: Int
    var phase: ModelRegistry.State.Phase
    var files = Files.here
    /// Somebody asked for it, or a label points at it.
    var isAskedFor = false
    /// Somebody wants it out, or its folder has gone.
    var isToGo = false

    /// Whether it answers, or can be loaded at once.
    fileprivate var isAtHand: Bool { phase != .unloaded || files == .here }
  }

  /// The versions that should answer: the newest, those that were asked for, and, until all of these
  /// have been fetched, the newest of those that are at hand.
  ///
  /// - Parameters:
  ///   - versions: rising.
  ///   - keep: how many of the newest answer.
  static func wanted(_ versions: [Candidate], keep: Int) -> Set<Int> {
    let usable = versions.filter { $0.phase != .failed && !$0.isToGo }
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
      case .coming: continue
      }
    }
    let leftover = versions.first { $0.phase == .ready && !wanted.contains($0.number) }
    return leftover.map { .unload($0.number) }
  }

  static func next(_ model: ModelRegistry.Model) -> Step? {
    next(candidates(model), keep: model.settings.keepVersions)
  }

  static func wanted(_ model: ModelRegistry.Model) -> Set<Int> {
    wanted(candidates(model), keep: model.settings.keepVersions)
  }

  private static func candidates(_ model: ModelRegistry.Model) -> [Candidate] {
    let asked = model.wishes.pinned.union(model.wishes.labels.values.map(\.version))
    return model.versions.map { version in
      var candidate = Candidate(
        number: version.number, phase: version.state.phase,
        isAskedFor: asked.contains(version.number),
        isToGo: version.isAbsent || model.wishes.heldOut.contains(version.number))
      switch version.presence {
      case .here: break
      case .elsewhere: candidate.files = .elsewhere
      case .coming: candidate.files = .coming
      case .broken: if candidate.phase == .unloaded { candidate.phase = .failed }
      }
      return candidate
    }
  }
}
