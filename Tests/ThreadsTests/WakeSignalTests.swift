import Synchronization
import Testing
import Threads

@Suite struct WakeSignalTests {
  @Test func aSignalGivenBeforeTheWaitIsNotLost() {
    let signal = WakeSignal()
    signal.signal()
    signal.signal()
    signal.wait()
    #expect(signal.wait(atMost: .zero))
    #expect(!signal.wait(atMost: .zero))
    #expect(!signal.wait(atMost: .milliseconds(1)))
    #expect(!signal.wait(atMost: .seconds(-1)))
  }

  @Test func wakesAThreadThatWaits() throws {
    let asked = WakeSignal()
    let answered = WakeSignal()
    let count = Mutex(0)
    let thread = try ServiceThread("a name longer than fifteen bytes") {
      for _ in 0..<1000 {
        asked.wait()
        count.withLock { $0 += 1 }
        answered.signal()
      }
    }
    for turn in 1...1000 {
      asked.signal()
      answered.wait()
      #expect(count.withLock { $0 } == turn)
    }
    thread.join()
  }
}
