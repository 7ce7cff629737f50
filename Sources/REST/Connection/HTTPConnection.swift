internal import EventLoop
internal import Messages

/// One client's connection: what this side keeps beside the library's own. On its loop only.
final class HTTPConnection {
  let core: FrontCore
  let daemon: Daemon
  let loop: EventLoop
  /// `ip:port`, or `unix:`.
  let peer: String
  /// The client's address without its port.
  let host: String
  /// The socket is not the client's own.
  let isRelayed: Bool
  var clock: ConnectionClock
  /// The library's side, while a request is being handled.
  var library: LibraryConnection?
  /// The request that is under way.
  private(set) var exchange: Exchange?
  /// The client has ended its direction: it is taken to be gone.
  private(set) var hasPeerEnded = false
  /// The descriptor is the library's, and may name something else by now.
  private var isClosed = false
  private var isShutDown = false
  /// What the connection's requests make their calls on.
  let transport: any ClientTransport
  private let socket: AcceptedSocket
  /// The library does not look at a connection that it was asked to leave alone; somebody must
  /// notice when its client goes.
  private var watch: DescriptorSource?

  init(_ socket: AcceptedSocket, daemon: Daemon) {
    self.socket = socket
    self.daemon = daemon
    isRelayed = daemon.isRelaying
    core = daemon.core
    loop = daemon.loop
    peer = socket.peer.description
    host = socket.peer.host
    clock = ConnectionClock(limits: core.options.limits, now: loop.now)
    transport = core.transport(loop, peer)
  }

  func opened() {
    let watch = DescriptorSource(fd: socket.fd, loop: loop) { [weak self] in self?.peerEnded() }
    self.watch = watch
    // Without the watch a client that goes is noticed when its answer cannot be sent.
    try? watch.watch(for: .peerEnded)
  }

  /// The library is done with the connection, and closes its descriptor when this returns.
  func closed() {
    watch?.unwatch()
    watch = nil
    isClosed = true
    // Of a request that it gave up in the midst of its head nothing was said.
    exchange?.completed()
    exchange = nil
  }

  /// Sees to it that the last answer arrives whatever the client still sends.
  ///
  /// - Returns: nil if there is nobody to be waited for.
  func seeOff(lingering: Duration, _ ended: @escaping () -> Void) -> Connection? {
    guard !hasPeerEnded, !isShutDown else { return nil }
    return socket.seeOff(on: loop, lingering: lingering, ended)
  }

  /// Whoever ends its direction is taken to be gone, as it nearly always is; what it sent before
  /// that is read first. The library cannot be left to notice: it misses an end that comes with
  /// the last bytes.
  private func peerEnded() {
    hasPeerEnded = true
    daemon.run()
    if clock.phase == .handling {
      exchange?.cancel()
    } else {
      close()
    }
  }

  func began(_ exchange: Exchange) {
    clock.sawRequestLine(loop.now)
    self.exchange = exchange
  }

  func completed(_ exchange: Exchange) {
    exchange.completed()
    self.exchange = nil
    library = nil
    clock.completed(loop.now)
    // While the end is only announced, an answer from before says nothing of it, and the client may
    // have begun its next request.
    if hasPeerEnded || core.phase == .draining { close() }
  }

  /// Lets the library look at the connection again.
  func resume() {
    guard let library else { return }
    library.resume()
    daemon.runSoon()
  }

  /// Sends an answer past the library, which has none of its own under way; the connection is to
  /// end with it.
  func sendLast(_ response: HTTPResponse) { socket.send(response.lastOnWire) }

  /// Ends the connection: the library finds the end of its stream.
  func close() {
    exchange?.cancel()
    isShutDown = true
    if !isClosed { socket.shutDown() }
  }

  /// Ends it unless a request is under way, which is answered first.
  func closeIfIdle() {
    if clock.phase == .waiting { close() }
  }
}
