internal import Synchronization

/// A folder of models on this machine, looked at whenever somebody asks.
final class FolderSource: ModelSource {
  let name: String
  let problem: String? = nil
  let isKnown = true
  let tellsOfChanges = false
  /// Of the last look, by path of a version that was asked about.
  private let stamps = Mutex<[String: VersionStamp]>([:])

  init(_ path: String) { name = path }

  func look(_ look: SourceLook) throws(ConfigurationError) -> ModelDirectory {
    var directory = try ModelDirectory(scanning: name)
    // Of versions that wait nobody asks, and then no file is looked at.
    var now: [String: VersionStamp] = [:]
    for entry in directory.entries {
      for version in entry.versions where look.asks(entry.name, version) {
        now[version.path] = FolderStamp(version.path).stamp
      }
    }
    let before = stamps.withLock { stamps in
      defer { stamps = now }
      return stamps
    }
    directory.setStamps(now) { look.isComplete || before[$0] == now[$0] }
    return directory
  }

  func stamp(of version: ModelDirectory.Version) -> VersionStamp {
    FolderStamp(version.path).stamp
  }

  // A folder is always as it is seen.
  func begin(_ events: SourceEvents) {}
  func refresh() -> Int { 0 }
  func hasLooked(_ number: Int) -> Bool { true }
  func fetch(_ model: String, _ number: Int) {}
  func noteUse(_ model: String, _ number: Int) {}
  func end() {}
}
