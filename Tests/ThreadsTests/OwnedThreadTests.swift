import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct OwnedThreadTests {
  @Test func itsEndIsWaitedForOnce() async throws {
    let thread = OwnedThread()
    thread.join()
    let go = Semaphore()
    let hasRun = Atomic(false)
    try thread.start("owned") {
      go.wait()
      hasRun.store(true, ordering: .sequentiallyConsistent)
    }
    go.signal()
    await offThread { thread.join() }
    let hasEnded = hasRun.load(ordering: .sequentiallyConsistent)
    #expect(hasEnded)
    thread.join()
  }

  @Test func onItselfItWaitsForNothing() async throws {
    let thread = OwnedThread()
    let (isStarted, isOver) = (Semaphore(), Semaphore())
    try thread.start("owned") {
      isStarted.wait()
      thread.join()
      isOver.signal()
    }
    isStarted.signal()
    await offThread { isOver.wait() }
  }
}
