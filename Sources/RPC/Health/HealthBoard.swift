internal import Synchronization

/// What `grpc.health.v1` tells of each service; `""` is the whole server.
///
/// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
public final class HealthBoard: Sendable {
  public enum Status: Sendable, Equatable { case serving, notServing }

  private typealias Waiter = CheckedContinuation<HealthMachine.News, Never>
  private struct State: Sendable {
    var machine = HealthMachine()
    /// Watchers that have heard all there is.
    var waiting: [Int: Waiter] = [:]
  }
  private let state = Mutex(State())

  public init() {}

  /// Sets the status of a service, which its watchers learn as they ask; without effect on what is
  /// reported once the server drains.
  public func set(_ service: String, _ status: Status) {
    update { $0.set(service, status) }
  }

  /// The service is unknown from now on.
  public func remove(_ service: String) {
    update { $0.set(service, nil) }
  }

  /// Nil for a service that was never set.
  public func status(of service: String) -> Status? {
    state.withLock { $0.machine.status(of: service) }
  }

  /// Every service with its status, by name.
  package var all: [(service: String, status: Status)] {
    state.withLock { state in
      state.machine.services.map { ($0, state.machine.status(of: $0) ?? .notServing) }
    }
  }

  /// From now on everything is NOT_SERVING, whatever is set.
  package func drain() { update { $0.drain() } }

  /// Ends every watch once it has told that.
  package func finish() { update { $0.finish() } }

  // MARK: Watching

  /// A number for `news`, to be given up with `unwatch`.
  func watch(_ service: String) -> Int { state.withLock { $0.machine.watch(service) } }

  func unwatch(_ watcher: Int) { state.withLock { $0.machine.unwatch(watcher) } }

  /// How the watcher's service is: at once the first time, then when it has changed since it was
  /// last asked; the watch is over when the task is cancelled, too.
  func news(for watcher: Int) async -> HealthMachine.News {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let news = state.withLock { state -> HealthMachine.News? in
          if Task.isCancelled { return .over }
          if let news = state.machine.news(for: watcher) { return news }
          state.waiting[watcher] = continuation
          return nil
        }
        if let news { continuation.resume(returning: news) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiting.removeValue(forKey: watcher) }
      waiter?.resume(returning: .over)
    }
  }

  private func update(_ change: (inout HealthMachine) -> Void) {
    let told = state.withLock { state in
      change(&state.machine)
      return state.waiting.keys.compactMap { watcher -> (Waiter, HealthMachine.News)? in
        guard let news = state.machine.news(for: watcher),
          let waiter = state.waiting.removeValue(forKey: watcher)
        else { return nil }
        return (waiter, news)
      }
    }
    for (waiter, news) in told { waiter.resume(returning: news) }
  }
}
