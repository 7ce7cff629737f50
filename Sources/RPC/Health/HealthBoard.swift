internal import Synchronization

/// What `grpc.health.v1` tells of each service; `""` is the whole server.
///
/// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
public final class HealthBoard: Sendable {
  public enum Status: Sendable, Equatable { case serving, notServing }

  private struct State {
    var statuses: [String: Status] = [:]
    var isDraining = false
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
  }
  struct Watcher {
    let service: String
    let changed: @Sendable (Status?) -> Void
  }
  private let state = Mutex(State())

  public init() {}

  /// Sets the status of a service and tells its watchers; without effect on what is reported
  /// once the server drains.
  public func set(_ service: String, _ status: Status) {
    update { $0.statuses[service] = status }
  }

  /// The service is unknown from now on.
  public func remove(_ service: String) {
    update { $0.statuses[service] = nil }
  }

  /// Nil for a service that was never set.
  public func status(of service: String) -> Status? {
    state.withLock { Self.reported(service, $0) }
  }

  /// Every service with its status, by name.
  package var all: [(service: String, status: Status)] {
    state.withLock { state in
      state.statuses.keys.sorted().map { ($0, Self.reported($0, state) ?? .notServing) }
    }
  }

  /// From now on everything is NOT_SERVING, whatever is set.
  package func drain() { update { $0.isDraining = true } }

  /// Calls `changed` now and at every later change of `service`, from whatever thread sets it.
  func watch(
    _ service: String, _ changed: @escaping @Sendable (Status?) -> Void
  ) -> Int {
    let (number, status) = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = Watcher(service: service, changed: changed)
      return (state.nextWatcher, Self.reported(service, state))
    }
    changed(status)
    return number
  }

  func unwatch(_ number: Int) {
    state.withLock { $0.watchers[number] = nil }
  }

  private static func reported(_ service: String, _ state: State) -> Status? {
    guard let status = state.statuses[service] else { return nil }
    return state.isDraining ? .notServing : status
  }

  private func update(_ change: (inout State) -> Void) {
    let calls = state.withLock { state in
      let before = state.statuses
      let wasDraining = state.isDraining
      change(&state)
      return state.watchers.values.compactMap { watcher -> (@Sendable () -> Void)? in
        let service = watcher.service
        let old = wasDraining && before[service] != nil ? .notServing : before[service]
        let new = Self.reported(service, state)
        guard old != new else { return nil }
        return { watcher.changed(new) }
      }
    }
    for call in calls { call() }
  }
}
