internal import CLinux
internal import Glibc
internal import Synchronization

/// How many connections a listener has, had and refused; shared by the loops.
package final class ConnectionLimit: Sendable {
  package let maximum: Int
  private let openCount = Atomic(0)
  private let acceptedCount = Atomic(0)
  private let refusedCount = Atomic(0)

  init(maximum: Int) { self.maximum = maximum }

  /// Connections that are open now.
  package var open: Int { openCount.load(ordering: .relaxed) }
  /// Connections taken in so far.
  package var accepted: Int { acceptedCount.load(ordering: .relaxed) }
  /// Connections not taken in: over the maximum, or no descriptor was left.
  package var refused: Int { refusedCount.load(ordering: .relaxed) }

  func acquire() -> ConnectionSlot? {
    if openCount.wrappingAdd(1, ordering: .relaxed).newValue > maximum {
      release()
      return nil
    }
    acceptedCount.wrappingAdd(1, ordering: .relaxed)
    return ConnectionSlot(limit: self)
  }

  fileprivate func release() { openCount.wrappingSubtract(1, ordering: .relaxed) }
  func refuse() { refusedCount.wrappingAdd(1, ordering: .relaxed) }
}

/// One connection's share of the limit, given back when the connection lets go of it.
package final class ConnectionSlot {
  private let limit: ConnectionLimit
  fileprivate init(limit: ConnectionLimit) { self.limit = limit }
  deinit { limit.release() }
}

/// Why a connection was not taken in.
package enum Refusal: Sendable, Hashable {
  /// As many as `ListenOptions.maxConnections` are open.
  case maximum
  /// The system gave none; with EMFILE and ENFILE no descriptor is left.
  case failed(errno: Int32)
}

extension SystemError {
  /// A failed accept, with what to do about it.
  package static func accepting(errno code: Int32) -> SystemError {
    let advice =
      switch code {
      case EMFILE:
        "all \(cl_descriptor_limit()) file descriptors that this process may have are in use: "
          + "raise the limit where the server is started (ulimit -n)"
      case ENFILE:
        "the whole system has no file descriptor left: raise it with sysctl fs.file-max"
      case ENOBUFS, ENOMEM: "the kernel is short of memory"
      default: ""
      }
    return SystemError(code: code, operation: "accept a connection", advice: advice)
  }
}

/// A listening socket on one loop.
final class Listener: PollSource {
  private let loop: EventLoop
  let owner: Listening
  private var limit: ConnectionLimit { owner.connections }
  private let take: AcceptedSocket.Taker
  /// Given up when the process runs out of descriptors, to accept a connection and close it:
  /// left in the queue it would make the listener ready for ever.
  private var reserve: Int32

  init(
    fd: Int32, loop: EventLoop, owner: Listening, take: @escaping AcceptedSocket.Taker
  ) {
    self.loop = loop
    self.owner = owner
    self.take = take
    reserve = cl_reserve()
    super.init(fd: fd)
  }

  func close() {
    loop.unwatch(self)
    _ = cl_close(fd)
    if reserve >= 0 { _ = cl_close(reserve) }
    reserve = -1
    owner.listenerClosed()
  }

  /// At most 64 connections a turn: those that are open want to be served too.
  override func ready(_ events: PollEvents) {
    for _ in 0..<64 {
      var peer = cl_address()
      let accepted = unsafe cl_accept(fd, &peer)
      switch -accepted {
      case ..<1: admit(accepted, SocketAddress(raw: peer))
      case EAGAIN: return
      case ECONNABORTED, EINTR, EPROTO: continue
      case EMFILE, ENFILE: return refuseForLackOfDescriptors(-accepted)
      case let code:
        owner.refuse(.failed(errno: code))
        return rest()
      }
    }
  }

  private func admit(_ accepted: Int32, _ peer: SocketAddress) {
    guard let slot = limit.acquire() else {
      _ = cl_close(accepted)
      return owner.refuse(.maximum)
    }
    do throws(SystemError) {
      try take(AcceptedSocket(fd: accepted, peer: peer, slot: slot), loop)
    } catch {
      _ = cl_close(accepted)
      owner.refuse(.failed(errno: error.code))
    }
  }

  private func refuseForLackOfDescriptors(_ code: Int32) {
    owner.refuse(.failed(errno: code))
    guard reserve >= 0 else { return rest() }
    _ = cl_close(reserve)
    var peer = cl_address()
    let accepted = unsafe cl_accept(fd, &peer)
    if accepted >= 0 { _ = cl_close(accepted) }
    reserve = cl_reserve()
  }

  /// Takes no connections for a tenth of a second: the kernel is short of something that only
  /// time gives back.
  private func rest() {
    _ = cl_epoll_change(loop.epoll, fd, 0, token)
    loop.schedule(after: .milliseconds(100)) { [self] in
      guard loop.sources[token] === self else { return }
      if reserve < 0 { reserve = cl_reserve() }
      _ = cl_epoll_change(loop.epoll, fd, PollEvents.readable.rawValue, token)
    }
  }
}
