internal import Synchronization
package import Threads

/// Keeps a directory true to its store: looks for changed keys several times a second, so that one
/// that another process revoked stops working within that time.
package final class KeyWatcher: Sendable {
  /// What an operator should read in the log: the first of a row of equal ones.
  package enum Event: Sendable, Equatable {
    /// The keys of before stay in force.
    case failed(StoreError)
    case recovered
  }

  /// How often the store is asked unless said otherwise.
  package static let period = Duration.milliseconds(250)

  private let directory: KeyDirectory
  private let store: any Store
  private let report: @Sendable (Event) -> Void
  private let isFailing = Mutex(false)
  private let stop = Semaphore()
  private let thread = OwnedThread()

  /// - Parameter store: for this thread; a store that others wait for would delay it.
  package init(
    _ directory: KeyDirectory, store: any Store, report: @escaping @Sendable (Event) -> Void
  ) {
    self.directory = directory
    self.store = store
    self.report = report
  }

  package func start(period: Duration = KeyWatcher.period) throws(ThreadError) {
    try thread.start("keys") { [self] in
      while !stop.wait(atMost: period) { look() }
    }
  }

  package func close() {
    stop.signal()
    thread.join()
  }

  /// Looks once.
  func look() {
    do throws(StoreError) {
      try directory.refresh(from: store)
      let wasFailing = isFailing.withLock { isFailing in
        defer { isFailing = false }
        return isFailing
      }
      if wasFailing { report(.recovered) }
    } catch {
      let isFirst = isFailing.withLock { isFailing in
        defer { isFailing = true }
        return !isFailing
      }
      if isFirst { report(.failed(error)) }
    }
  }
}
