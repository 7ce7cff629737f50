import Foundation
import Synchronization
import Testing
import Threads

@Suite struct SystemThreadTests {
  @Test func runsApartUnderItsNameAndIsJoined() throws {
    let found = Mutex<(name: String, id: pthread_t)?>(nil)
    let thread = try SystemThread("a name that is far too long") {
      let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      found.withLock { $0 = (name ?? "", pthread_self()) }
    }
    #expect(!thread.isCurrent)
    thread.join()
    let (name, id) = try #require(found.withLock { $0 })
    #expect(name == "a name that is \n")
    #expect(pthread_equal(id, pthread_self()) == 0)
  }

  @Test func aThreadThatCannotStartIsAnErrorAndDropsItsBody() {
    final class Witness: Sendable {}
    weak var witness: Witness?
    do {
      let held = Witness()
      witness = held
      // No address space has room for this stack.
      let error = #expect(throws: ThreadError.self) {
        _ = try SystemThread("giant", stackBytes: 1 << 60) { withExtendedLifetime(held) {} }
      }
      #expect(error?.name == "giant")
      #expect(error.map { [EAGAIN, ENOMEM, EINVAL].contains($0.code) } == true)
      #expect(error?.description.hasPrefix("cannot start the thread `giant`: ") == true)
      #expect(error?.description.contains("ulimit -u") == true)
    }
    #expect(witness == nil)
  }
}
