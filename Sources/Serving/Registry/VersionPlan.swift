/// Which versions of a model should answer, and the next step towards that. Pure: the keeper takes the
/// step and asks again, so a version that fails makes way for an older one.
enum VersionPlan {
  enum Step: Equatable {
    case load(Int)
    case unload(Int)
  }

  /// A version goes only when all that should answer do: whoever calls meanwhile meets the old one.
  ///
  /// - Returns: nil when all is as it should be.
  static func next(_ model: ModelRegistry.Model) -> Step? {
    let wanted = Self.wanted(model)
    for version in model.versions.reversed() where wanted.contains(version.number) {
      switch version.state {
      case .unloaded: return .load(version.number)
      case .loading: return nil
      case .ready, .failed, .unloading: break
      }
    }
    for version in model.versions where version.state.isReady && !wanted.contains(version.number) {
      return .unload(version.number)
    }
    return nil
  }

  /// The newest that can be had, as many as the model's settings say, and whatever somebody asked
  /// for or a label points at.
  private static func wanted(_ model: ModelRegistry.Model) -> Set<Int> {
    let usable = model.versions.filter { version in
      if case .failed = version.state { return false }
      return !version.isHeldOut && !version.isAbsent
    }
    var wanted = Set(usable.suffix(model.settings.keepVersions).map(\.number))
    let labelled = Set(model.labels.values.map(\.version))
    for version in usable where version.isPinned || labelled.contains(version.number) {
      wanted.insert(version.number)
    }
    return wanted
  }
}
