internal import CLinux

/// Watches a descriptor that something else owns: a C library's own epoll, or a socket that such a
/// library reads from. On its loop only.
///
/// It must be let go with `unwatch` before the descriptor is closed.
package final class DescriptorSource: PollSource {
  package enum Interest: Sendable {
    /// Says so for as long as there is something to read.
    case readable
    /// Says so once, when the peer has ended its direction or the connection is lost.
    case peerEnded
  }

  private let loop: EventLoop
  private let body: () -> Void
  private var isWatched = false

  package init(fd: Int32, loop: EventLoop, _ body: @escaping () -> Void) {
    self.loop = loop
    self.body = body
    super.init(fd: fd)
  }

  package func watch(for interest: Interest) throws(SystemError) {
    loop.assertCurrent()
    try loop.watch(self, interest == .readable ? .readable : [.peerEnded, .edge])
    isWatched = true
  }

  package func unwatch() {
    loop.assertCurrent()
    guard isWatched else { return }
    isWatched = false
    loop.unwatch(self)
  }

  override func ready(_ events: PollEvents) { body() }
}
