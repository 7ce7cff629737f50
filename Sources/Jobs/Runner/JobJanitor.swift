internal import Synchronization
internal import Time

/// Removes jobs by age, now and then.
final class JobJanitor: Sendable {
  private let queue: any JobQueue
  private let retention: Duration
  private let clock: JobClock
  private let observe: JobEvent.Observer
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(
    _ queue: any JobQueue, retention: Duration, clock: JobClock,
    _ observe: @escaping JobEvent.Observer
  ) {
    self.queue = queue
    self.retention = retention
    self.clock = clock
    self.observe = observe
  }

  func start() {
    task.withLock { task in
      task = Task {
        while !Task.isCancelled {
          await sweep()
          await clock.sleep(.seconds(600))
        }
      }
    }
  }

  func stop() { task.withLock { $0?.cancel() } }

  private func sweep() async {
    do throws(JobQueueError) {
      let oldest = clock.now().advanced(by: .zero - retention)
      while !Task.isCancelled, try await queue.removeEnded(before: oldest) > 0 {}
    } catch {
      observe(.troubled(error))
    }
  }
}
