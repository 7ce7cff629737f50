import Glibc
import Synchronization

/// What a process did up to the moment it was killed: memory shared with the one that kills it.
///
///   count of writer 0, count of writer 1, last beat, stalls,
///   times of writer 0, times of writer 1, (end, length) of each stall
@safe
final class KillLog: Sendable {
  static let writers = 2
  static let bound = 1 << 16
  private static let stallBound = 1 << 10
  private static let words = 4 + writers * bound + 2 * stallBound

  // Every word is written by one thread and read after that thread's process is dead, or read as an
  // atomic number that only grows; the mapping lives as long as the log.
  private nonisolated(unsafe) let memory: UnsafeMutablePointer<Atomic<UInt64>>

  init(path: String) throws(ProbeError) {
    let size = Self.words * 8
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0, ftruncate(file, size) == 0,
      let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      unsafe address != MAP_FAILED
    else { throw ProbeError("\(path) cannot be shared") }
    close(file)
    unsafe memory = address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  deinit { unsafe _ = munmap(memory, Self.words * 8) }

  /// Records that a writer has handed to the ledger.
  func count(_ writer: Int) -> Int { Int(self[writer]) }

  /// Notes a record down: its time before it is handed over, the count after.
  func willRecord(_ writer: Int, at time: UInt64) {
    self[4 + writer * Self.bound + count(writer)] = time
  }
  func didRecord(_ writer: Int) { self[writer] += 1 }
  func time(_ writer: Int, _ place: Int) -> UInt64 { self[4 + writer * Self.bound + place] }

  /// Notes that a thread of the process was awake.
  func beat(at time: UInt64) { self[2] = time }

  /// Notes that a thread that wanted to run could not, for that long until then.
  func stalled(until end: UInt64, for length: UInt64) {
    let place = 4 + Self.writers * Self.bound + 2 * (Int(self[3]) % Self.stallBound)
    self[place] = end
    self[place + 1] = length
    self[3] += 1
  }

  /// How long within a stretch of time the machine did not let the process run.
  func stalls(from begin: UInt64, to end: UInt64) -> UInt64 {
    var sum = self[2] > 0 && self[2] < end ? end - max(self[2], begin) : 0
    for stall in 0..<min(Int(self[3]), Self.stallBound) {
      let place = 4 + Self.writers * Self.bound + 2 * stall
      if self[place] > begin { sum += min(self[place + 1], self[place] - begin) }
    }
    return sum
  }

  func clear() { for place in 0..<Self.words { self[place] = 0 } }

  private subscript(_ place: Int) -> UInt64 {
    get { unsafe memory[place].load(ordering: .acquiring) }
    set { unsafe memory[place].store(newValue, ordering: .releasing) }
  }
}
