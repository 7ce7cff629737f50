internal import Bytes
internal import CLinux
internal import Glibc
internal import Synchronization

extension EventLoop {
  package func enqueue(_ job: consuming ExecutorJob) {
    post(.job(UnownedJob(job)))
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    unsafe UnownedSerialExecutor(ordinary: self)
  }

  package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    unsafe UnownedTaskExecutor(ordinary: self)
  }

  package func isIsolatingCurrentContext() -> Bool? { isCurrent }

  package func checkIsolated() { preconditionCurrent() }

  /// Whether the caller runs on this loop.
  package var isCurrent: Bool {
    threadID.load(ordering: .relaxed) == UInt(pthread_self())
  }

  package func preconditionCurrent() {
    precondition(isCurrent, "this may only be called on its event loop")
  }

  func assertCurrent() {
    assert(isCurrent, "this may only be called on its event loop")
  }

  func post(_ work: Work) {
    if isCurrent {
      jobs.append(work)
      return
    }
    inbox.withLock { $0.append(work) }
    // The loop sets the flag before its last look into the inbox: either it finds the work there,
    // or this finds the flag.
    if isSleeping.load(ordering: .sequentiallyConsistent),
      isSleeping.exchange(false, ordering: .sequentiallyConsistent)
    {
      wake()
    }
    if lifeCycle.load(ordering: .sequentiallyConsistent) == .stopped { drainAfterStop() }
  }

  func wake() { _ = cl_eventfd_signal(wakeup) }

  /// Moves what others brought to the loop's own queue.
  func takeInbox() {
    var taken = inbox.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    guard !taken.isEmpty else { return }
    for work in taken { jobs.append(work) }
    taken.removeAll(keepingCapacity: true)
    // The array goes back and forth, so that a busy inbox allocates nothing.
    inbox.withLock { if $0.capacity == 0 { $0 = taken } }
  }

  /// Runs work until none is left or the budget is spent; the clock is read every 16 pieces.
  func runWork() {
    guard !jobs.isEmpty else { return }
    let end = configuration.clock().advanced(byNanoseconds: Int64(configuration.turnBudget))
    var pieces = 0
    while let work = jobs.popFirst() {
      run(work)
      pieces += 1
      if pieces & 15 == 0, configuration.clock() >= end { return }
    }
  }

  func run(_ work: Work) {
    switch work {
    case .job(let job):
      // As the task executor's, though it may be an actor's: said to be isolated to the loop, a
      // task that is isolated to nothing is enqueued anew at every return of an async function
      // (6 times instead of once in a call through the batcher). Actors look at
      // `isIsolatingCurrentContext`.
      unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    case .closure(let body): body()
    }
  }

  /// Work that comes after the loop has stopped runs on the thread that brings it, one thread at a
  /// time: a task that is resumed late still ends, and nothing leaks.
  func drainAfterStop() {
    while inbox.withLock({ !$0.isEmpty }) {
      let (mine, _) = lifeCycle.compareExchange(
        expected: .stopped, desired: .draining, ordering: .sequentiallyConsistent)
      guard mine else { return }
      threadID.store(UInt(pthread_self()), ordering: .relaxed)
      repeat {
        takeInbox()
        while let work = jobs.popFirst() { run(work) }
        dropTimers()
      } while !jobs.isEmpty || inbox.withLock({ !$0.isEmpty })
      threadID.store(0, ordering: .relaxed)
      lifeCycle.store(.stopped, ordering: .sequentiallyConsistent)
    }
  }
}
