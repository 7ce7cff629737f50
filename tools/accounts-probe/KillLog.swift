import Glibc
import Synchronization

/// How many records each writer of a process had handed to the ledger when it was killed: memory
/// shared with the one that kills it.
@safe
final class KillLog: Sendable {
  static let writers = 2
  private static let size = 4096

  // Each word is written by one thread; the mapping lives as long as the log.
  private nonisolated(unsafe) let counts: UnsafeMutablePointer<Atomic<Int>>

  init(path: String) throws(ProbeError) {
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0, ftruncate(file, Self.size) == 0,
      let address = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      unsafe address != MAP_FAILED
    else { throw ProbeError("\(path) cannot be shared") }
    close(file)
    unsafe counts = address.assumingMemoryBound(to: Atomic<Int>.self)
  }

  deinit { unsafe _ = munmap(counts, Self.size) }

  subscript(writer: Int) -> Int {
    get { unsafe counts[writer].load(ordering: .acquiring) }
    set { unsafe counts[writer].store(newValue, ordering: .releasing) }
  }
}
