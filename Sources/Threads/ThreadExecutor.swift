internal import Synchronization

/// A thread that actors pin themselves to, for work that blocks: files, and databases on them.
///
/// Jobs run in the order they come; whoever submits them waits for them, which is what bounds
/// their number. The thread ends when this is released and the jobs until then are done.
package final class ThreadExecutor: Sendable {
  private let core = Core()

  /// - Parameter name: what tools such as `top -H` show; at most 15 bytes of it.
  package init(_ name: String) throws(ThreadError) {
    // Nobody joins it, as it may be the one that would have to.
    try SystemThread(name) { [core] in core.run() }.detach()
  }

  deinit { core.stop() }

  /// What an actor that keeps this executor answers as its own `unownedExecutor`.
  package var unowned: UnownedSerialExecutor { unsafe core.asUnownedSerialExecutor() }

  /// What the thread keeps alive: the last reference to an actor, and with it to its executor, may
  /// go away in one of the thread's own jobs.
  private final class Core: SerialExecutor {
    private struct State {
      var jobs: ContiguousArray<UnownedJob> = []
      var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = Semaphore()

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      state.withLock { $0.jobs.append(job) }
      wake.signal()
    }

    func stop() {
      state.withLock { $0.isStopped = true }
      wake.signal()
    }

    func run() {
      while true {
        wake.wait()
        let (jobs, isStopped) = state.withLock { state in
          defer { state.jobs = [] }
          return (state.jobs, state.isStopped)
        }
        for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
        if isStopped, jobs.isEmpty { return }
      }
    }
  }
}
