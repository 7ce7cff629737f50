internal import EventLoop
internal import Glibc
internal import Messages
internal import Metrics
internal import REST
internal import RPC

/// A server for the REST tests and benchmarks, whose models answer the same each time:
/// `rest-testserver --http 127.0.0.1:0`.
///
/// Prints `listening on HTTP-ADDRESS GRPC-ADDRESS`, drains on SIGTERM, and exits 0 then.
@main
enum RESTTestServer {
  /// Not `async`: the first thing a process does must be to block signals on its main thread.
  static func main() throws {
    guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else { exit(2) }
    try ProcessSignal.takeOver()
    let group = try EventLoopGroup(count: arguments.loops)
    let registry = Registry()
    let probe = Probe(registry)
    var options = ServerOptions()
    options.registry = registry
    options.observer = probe
    if arguments.asksForKeys { options.interceptors = [TestKeys()] }
    let models = TestModels(probe: probe, isReady: arguments.isReady)
    let server = Server(
      services: [
        models, TestInference(models: models), TestAccounts(), TestControl(), TestJobs(),
      ], options: options, group: group)
    var front = arguments.front
    front.registry = registry
    let http = Front(
      options: front, group: group,
      transport: { server.localTransport(on: $0, peer: $1) },
      metricsText: { registry.exposition() })
    let address = try http.listen(on: SocketAddress(arguments.http)).address
    print("listening on \(address) \(try server.listen(on: "127.0.0.1:0"))")
    fflush(nil)
    let loop = group.loops[0]
    try ProcessSignal.watch([.terminate, .interrupt]) { _ in
      Task(executorPreference: loop) {
        await http.drain(grace: arguments.grace)
        await server.drain(grace: .zero)
        print("drained")
        exit(0)
      }
    }
    while true { pause() }
  }
}
