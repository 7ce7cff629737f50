internal import CLinux

/// Something with a file descriptor that a loop watches.
package class PollSource {
  let fd: Int32
  /// Names it in the loop's table; 0 while it is in none.
  var token: UInt64 = 0

  init(fd: Int32) { self.fd = fd }

  /// epoll found these events.
  func ready(_ events: PollEvents) {}
}

/// epoll's event bits.
struct PollEvents: OptionSet {
  let rawValue: UInt32
  static let readable = PollEvents(rawValue: UInt32(CL_READABLE))
  static let writable = PollEvents(rawValue: UInt32(CL_WRITABLE))
  static let error = PollEvents(rawValue: UInt32(CL_ERROR))
  static let edge = PollEvents(rawValue: CL_EDGE)
  static let hangUp = PollEvents(rawValue: UInt32(CL_HANGUP))
  /// The peer has ended its direction, or the connection.
  static let peerEnded = PollEvents(rawValue: UInt32(CL_PEER_ENDED))
}

/// What a loop watches. A token carries the slot and its generation, so that an event that was
/// found before its descriptor was closed, and perhaps opened again, reaches nobody.
struct SourceTable {
  private var sources: ContiguousArray<PollSource?> = []
  private var generations: ContiguousArray<UInt32> = []
  private var free: ContiguousArray<Int> = []

  var all: [PollSource] { sources.compactMap { $0 } }

  mutating func insert(_ source: PollSource) -> UInt64 {
    let slot = free.popLast() ?? sources.count
    if slot == sources.count {
      sources.append(nil)
      generations.append(1)
    }
    sources[slot] = source
    source.token = UInt64(generations[slot]) << 32 | UInt64(slot)
    return source.token
  }

  mutating func remove(_ token: UInt64) {
    guard self[token] != nil else { return }
    let slot = Int(token & 0xffff_ffff)
    sources[slot] = nil
    generations[slot] &+= 1
    free.append(slot)
  }

  subscript(_ token: UInt64) -> PollSource? {
    let slot = Int(token & 0xffff_ffff)
    guard slot < sources.count, generations[slot] == UInt32(token >> 32) else { return nil }
    return sources[slot]
  }
}

/// The eventfd by which other threads end a loop's wait. Edge-triggered: every write ends one wait
/// and nobody has to read it.
final class Wakeup: PollSource {}

extension EventLoop {
  func watch(_ source: PollSource, _ interest: PollEvents) throws(SystemError) {
    let token = sources.insert(source)
    let result = cl_epoll_add(epoll, source.fd, interest.rawValue, token)
    if result < 0 { sources.remove(token) }
    try SystemError.check(result, "watch a descriptor")
  }

  func unwatch(_ source: PollSource) {
    _ = cl_epoll_remove(epoll, source.fd)
    sources.remove(source.token)
  }
}
