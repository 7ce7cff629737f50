//   serving ── drain ──> draining ── finish ──> finished
//
// `draining`: everything is NOT_SERVING, whatever is set. `finished`: watchers that know it are let
// go.
//
// A watcher is told nothing: it asks, and learns how things stand when it does. So two changes that
// race can never reach it in the wrong order, and a slow one skips what has passed.

/// How the services are, and what each watcher has heard of it. Knows no tasks.
struct HealthMachine: Sendable {
  typealias Status = HealthBoard.Status

  /// What a watcher hears next.
  enum News: Sendable, Equatable {
    /// Nil: the service is not known.
    case status(Status?)
    case over
  }
  private enum Phase: Sendable { case serving, draining, finished }
  private struct Watcher: Sendable {
    let service: String
    var heard: News?
  }

  private var phase = Phase.serving
  private var statuses: [String: Status] = [:]
  private var watchers: [Int: Watcher] = [:]
  private var lastWatcher = 0

  var services: [String] { statuses.keys.sorted() }

  /// Nil for a service that is not known.
  func status(of service: String) -> Status? {
    guard let status = statuses[service] else { return nil }
    return phase == .serving ? status : .notServing
  }

  /// - Parameter status: nil makes the service unknown.
  mutating func set(_ service: String, _ status: Status?) { statuses[service] = status }

  mutating func drain() {
    if phase == .serving { phase = .draining }
  }

  mutating func finish() { phase = .finished }

  mutating func watch(_ service: String) -> Int {
    lastWatcher += 1
    watchers[lastWatcher] = Watcher(service: service)
    return lastWatcher
  }

  mutating func unwatch(_ watcher: Int) { watchers[watcher] = nil }

  /// What the watcher has not heard yet, which it has then; nil if that is nothing.
  mutating func news(for watcher: Int) -> News? {
    guard let service = watchers[watcher]?.service else { return .over }
    let status = News.status(status(of: service))
    guard watchers[watcher]?.heard != status else { return phase == .finished ? .over : nil }
    watchers[watcher]?.heard = status
    return status
  }
}
