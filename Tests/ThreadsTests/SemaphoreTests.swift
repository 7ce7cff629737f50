import Synchronization
import Testing
import Threads

@Suite struct SemaphoreTests {
  @Test func countsItsSignals() {
    let semaphore = Semaphore()
    #expect(!semaphore.take())
    #expect(!semaphore.wait(atMost: .zero))
    for _ in 0..<3 { semaphore.signal() }
    semaphore.wait()
    #expect(semaphore.take())
    #expect(semaphore.wait(atMost: .zero))
    #expect(!semaphore.wait(atMost: .zero))
    #expect(!semaphore.wait(atMost: .seconds(-1)))
    #expect(!semaphore.wait(atMost: .nanoseconds(1_999_999)))
  }

  @Test(arguments: [0, 1, 2]) func wakesAnotherThread(kind: Int) throws {
    let (there, back) = (Semaphore(), Semaphore())
    let thread = try SystemThread("partner") {
      for _ in 0..<1000 {
        switch kind {
        case 0: there.wait()
        case 1: there.wait(spinning: .microseconds(20))
        default: while !there.wait(atMost: .seconds(Int64.max)) {}
        }
        back.signal()
      }
    }
    for _ in 0..<1000 {
      there.signal()
      back.wait()
    }
    thread.join()
    #expect(!back.wait(atMost: .zero))
  }
}
