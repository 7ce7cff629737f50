internal import Messages

// What becomes of a version whose files or settings change after it was tried: one that failed is
// tried again, one that answers stays as it was loaded, and whoever changed it is told so.

extension ModelKeeper.Shift {
  mutating func takeChanges(_ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version) {
    if let failed = failures[version.path], entry.problem == nil {
      let isMended = tried[version.path].map { $0.settings != entry.settings } ?? false
      if isMended || version.stamp.map({ $0 != failed }) ?? false { retry(entry.name, version) }
    }
    guard case .ready = (try? registry.model(entry.name))?.version(version.number)?.state else {
      loadedFrom[version.path] = nil
      return
    }
    tellOfFiles(entry.name, version)
    tellOfSettings(entry, version)
  }

  private static let advice =
    "put what is new into a folder with a new number, or unload the version and load it again"

  /// Once for each change.
  private mutating func tellOfFiles(_ name: String, _ version: ModelDirectory.Version) {
    guard let before = loadedFrom[version.path], let now = version.stamp else { return }
    if now == before { told[version.path] = nil }
    guard now != before, told.updateValue(now, forKey: version.path) != now else { return }
    let advice = "what answers stays as it was loaded: \(Self.advice)"
    keeper.reports.note(.filesChanged, name, version.number, advice)
    log.warning(
      "files of a loaded version changed", ("model", .text(name)),
      ("version", .integer(version.number)), ("path", .text(version.path)),
      ("advice", .text(advice)))
  }

  /// Of settings that are taken over as they are there is nothing to tell.
  private mutating func tellOfSettings(
    _ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version
  ) {
    guard let trial = tried[version.path], trial.told != entry.settings else { return }
    let news = entry.settings.keys(changedSince: trial.told)
    let keys = entry.settings.keys(changedSince: trial.settings).joined(separator: ", ")
    tried[version.path]?.told = entry.settings
    guard !news.isEmpty, !keys.isEmpty else { return }
    let advice = "it counts for what is loaded from here on: \(Self.advice)"
    keeper.reports.note(.filesChanged, entry.name, version.number, "\(keys); \(advice)")
    log.warning(
      "settings of a loaded version changed", ("model", .text(entry.name)),
      ("version", .integer(version.number)), ("keys", .text(keys)), ("advice", .text(advice)))
  }
}
