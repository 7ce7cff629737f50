internal import Bytes
internal import CLinux
internal import Glibc
internal import Synchronization

extension EventLoop {
  /// Takes turns until `stop`; the thread's body.
  func runUntilStopped() {
    threadID.store(UInt(pthread_self()), ordering: .sequentiallyConsistent)
    while lifeCycle.load(ordering: .relaxed) == .running { turn() }
    closeEverything()
    threadID.store(0, ordering: .sequentiallyConsistent)
    lifeCycle.store(.stopped, ordering: .sequentiallyConsistent)
    drainAfterStop()
  }

  /// Asks the loop to end after this turn. From any thread.
  func stop() {
    execute { [self] in
      _ = lifeCycle.compareExchange(
        expected: .running, desired: .stopping, ordering: .sequentiallyConsistent)
    }
  }

  func turn() {
    wait()
    expireTimers()
    takeInbox()
    runWork()
    deliverClosings()
    flushDirty()
    turns.wrappingAdd(1, ordering: .relaxed)
  }

  private func wait() {
    var timeout: Int64 = 0
    if jobs.isEmpty && dirty.isEmpty && closings.isEmpty && hesitant.isEmpty {
      isSleeping.store(true, ordering: .sequentiallyConsistent)
      if inbox.withLock({ $0.isEmpty }) { timeout = nanosecondsToNextTimer() }
    }
    let count = unsafe cl_epoll_wait(epoll, events.baseAddress, 256, timeout)
    isSleeping.store(false, ordering: .sequentiallyConsistent)
    now = configuration.clock()
    // A failure here is a broken epoll descriptor: nothing this process could repair.
    precondition(count >= 0, "epoll_wait failed with error \(-count)")
    swap(&hesitant, &offered)
    for position in 0..<Int(count) {
      let event = unsafe events[position]
      sources[event.token]?.ready(PollEvents(rawValue: event.events))
    }
    for connection in offered { connection.offerAgain() }
    offered.removeAll(keepingCapacity: true)
  }

  /// 0 when one is due, negative when there is none.
  private func nanosecondsToNextTimer() -> Int64 {
    guard let earliest = timers.earliest else { return -1 }
    return Int64(clamping: earliest.nanoseconds(since: configuration.clock()))
  }

  /// Timers that are scheduled for now by a timer of this turn wait for the next.
  private func expireTimers() {
    let last = timers.scheduled
    while let (token, handler) = timers.popDue(at: now, upTo: last) { handler.timerFired(token) }
  }

  private func deliverClosings() {
    guard !closings.isEmpty else { return }
    let closed = closings
    closings = []
    for connection in closed { connection.deliverClosed() }
  }

  private func flushDirty() {
    guard !dirty.isEmpty else { return }
    swap(&dirty, &flushing)
    for connection in flushing { connection.flush() }
    flushing.removeAll(keepingCapacity: true)
  }

  /// Ends all connections and listeners and lets the tasks that hang on them end too.
  private func closeEverything() {
    for source in sources.all {
      switch source {
      case let connection as Connection: connection.close(.shutdown)
      case let listener as Listener: listener.close()
      default: break
      }
    }
    // Tasks that keep starting new work do not hold the process: the rest runs, if ever, on the
    // threads that bring it.
    for _ in 0..<1_000 {
      deliverClosings()
      takeInbox()
      dropTimers()
      guard !jobs.isEmpty || !closings.isEmpty else { break }
      runWork()
    }
    dirty = []
  }

  /// None fires any more, and one that keeps the loop would keep it for ever.
  func dropTimers() {
    while timers.popDue(at: .distantFuture) != nil {}
  }
}
