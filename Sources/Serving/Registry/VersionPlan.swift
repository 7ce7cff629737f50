/// Which versions of a model should answer, and the next step towards that. Pure: the keeper takes
/// the step and asks again, so a version that fails makes way for an older one.
enum VersionPlan {
  enum Step: Equatable {
    case load(Int)
    case unload(Int)
  }

  /// What is to be known of a version.
  struct Candidate {
    let number: Int
    var phase: ModelRegistry.State.Phase
    /// Somebody asked for it, or a label points at it.
    var isAskedFor = false
    /// Somebody wants it out, or its folder has gone.
    var isToGo = false
  }

  /// A version goes only when all that should answer do: whoever calls meanwhile meets the old one.
  ///
  /// - Parameters:
  ///   - versions: rising.
  ///   - keep: how many of the newest answer.
  /// - Returns: nil when all is as it should be.
  static func next(_ versions: [Candidate], keep: Int) -> Step? {
    let usable = versions.filter { $0.phase != .failed && !$0.isToGo }
    var wanted = Set(usable.suffix(keep).map(\.number))
    for version in usable where version.isAskedFor { wanted.insert(version.number) }
    for version in versions.reversed() where wanted.contains(version.number) {
      if version.phase == .unloaded { return .load(version.number) }
      if version.phase == .loading { return nil }
    }
    let leftover = versions.first { $0.phase == .ready && !wanted.contains($0.number) }
    return leftover.map { .unload($0.number) }
  }

  static func next(_ model: ModelRegistry.Model) -> Step? {
    let labelled = Set(model.labels.values.map(\.version))
    let versions = model.versions.map { version in
      Candidate(
        number: version.number, phase: version.state.phase,
        isAskedFor: version.isPinned || labelled.contains(version.number),
        isToGo: version.isHeldOut || version.isAbsent)
    }
    return next(versions, keep: model.settings.keepVersions)
  }
}
