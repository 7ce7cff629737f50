internal import EventLoop
internal import Glibc
internal import Messages
internal import Metrics
internal import RPC

/// A server for the wire tests and benchmarks: `rpc-testserver --listen 127.0.0.1:0`.
///
/// Prints `listening on ADDRESS`, drains on SIGTERM, and exits 0 then.
@main
enum TestServer {
  /// Not `async`: the first thing a process does must be to block signals on its main thread.
  static func main() throws {
    guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else { exit(2) }
    try StandardStreams.fill()
    try ProcessSignal.takeOver()
    let group = try EventLoopGroup(count: arguments.loops)
    var options = ServerOptions()
    options.limits = arguments.limits
    let registry = Registry()
    options.registry = registry
    let probe = ProbeService(registry: registry)
    if arguments.observes {
      options.observer = ProbeObserver(probe: probe)
      options.connectionObserver = ProbeObserver(probe: probe)
    }
    let server = Server(services: services(probe), options: options, group: group)
    probe.attach(server)
    print("listening on \(try server.listen(on: arguments.address))")
    fflush(nil)
    let loop = group.loops[0]
    try ProcessSignal.watch([.terminate, .interrupt]) { _ in
      Task(executorPreference: loop) {
        await server.drain(grace: arguments.grace)
        print("drained")
        exit(0)
      }
    }
    while true { pause() }
  }

  private static func services(_ probe: ProbeService) -> [any Service] { [probe, InteropService()] }
}
