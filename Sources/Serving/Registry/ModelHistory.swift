/// Where a model comes from and what happened to it lately, for whoever asks.
package struct ModelHistory: Sendable, Equatable {
  package struct Event: Sendable, Equatable {
    /// Seconds since 1970.
    package let time: Double
    package let kind: Kind
    package let version: Int?
    package let detail: String
  }

  package enum Kind: String, Sendable, CaseIterable {
    case fetched
    case fetchFailed = "fetch_failed"
    case loaded
    case loadFailed = "load_failed"
    /// Its files are not those any more that it was loaded from.
    case filesChanged = "files_changed"
    /// A newer version took the calls.
    case swapped
    case unloaded
    case labelled
    case rolledBack = "rolled_back"
    case sourceLost = "source_lost"
    case sourceBack = "source_back"
  }

  /// Events that are kept.
  static let bound = 20

  package var source = ""
  /// Why the source cannot be looked at; empty where it can.
  package var sourceProblem = ""
  /// The newest first.
  package private(set) var events: [Event] = []

  mutating func add(_ event: Event) {
    events.insert(event, at: 0)
    if events.count > Self.bound { events.removeLast() }
  }
}
