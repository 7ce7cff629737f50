internal import Synchronization
package import Threads

/// Keeps a directory true to its store: looks for changed keys several times a second, so that one
/// that another process revoked stops working within that time, and at once for whoever shows a key
/// that is not known: another process may have made it a moment ago.
package final class KeyWatcher: Sendable {
  /// What an operator should read in the log: the first of a row of equal ones.
  package enum Event: Sendable, Equatable {
    /// The keys of before stay in force.
    case failed(StoreError)
    case recovered
  }

  /// How often the store is asked unless said otherwise.
  package static let period = Duration.milliseconds(250)
  /// The least time from a look that somebody waited for to the next: what a flood of wrong keys
  /// can make of them.
  package static let spacing = Duration.milliseconds(20)

  private struct Demand {
    var waiting: [CheckedContinuation<Void, Never>] = []
    var isClosed = false
  }

  private let directory: KeyDirectory
  private let store: any Store
  private let report: @Sendable (Event) -> Void
  private let isFailing = Mutex(false)
  private let demand = Mutex(Demand())
  private let wake = Semaphore()
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
      while true {
        wake.wait(atMost: period)
        // Only what was asked for before the look is answered by it.
        let (waiting, isClosed) = demand.withLock { demand in
          defer { demand.waiting = [] }
          return (demand.waiting, demand.isClosed)
        }
        if !isClosed { look() }
        for continuation in waiting { continuation.resume() }
        if isClosed { return }
        if !waiting.isEmpty { Semaphore().wait(atMost: Self.spacing) }
      }
    }
  }

  package func close() {
    demand.withLock { $0.isClosed = true }
    wake.signal()
    thread.join()
  }

  /// Returns when the directory knows every key that was in the store when this was called, or when
  /// the store could not be asked. To be asked for by few at a time; all who wait are answered by
  /// one look.
  package func freshen() async {
    await withCheckedContinuation { continuation in
      let (isClosed, isFirst) = demand.withLock { demand in
        guard !demand.isClosed else { return (true, false) }
        demand.waiting.append(continuation)
        return (false, demand.waiting.count == 1)
      }
      if isClosed { continuation.resume() }
      if isFirst { wake.signal() }
    }
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
