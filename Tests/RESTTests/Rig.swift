import EventLoop
import JSON
import Messages
import Metrics
import RPC
import Testing

@testable import REST
@testable import rest_testserver

/// The front's routes over the test server's models, without sockets.
final class Rig: Sendable {
  let group: EventLoopGroup
  let server: Server
  let routes: [Route]
  let dispatcher: Dispatcher
  let limits: HTTPLimits

  init(
    interceptors: [any Interceptor] = [], origins: [String] = [],
    notices: (any RouteNotices)? = nil,
    _ change: (inout HTTPLimits) -> Void = { _ in }
  ) throws {
    group = try EventLoopGroup(count: 1)
    var options = ServerOptions()
    options.interceptors = interceptors
    let models = TestModels(probe: Probe(Registry()), isReady: true)
    server = Server(
      services: [
        models, TestInference(models: models), TestAccounts(), TestControl(), TestJobs(),
      ], options: options, group: group)
    var limits = HTTPLimits()
    change(&limits)
    self.limits = limits
    routes = Route.all(version: "1.2.3", notices: notices, metricsText: { "up 1\n" })
    dispatcher = Dispatcher(
      table: RouteTable(routes), limits: limits, cors: CORS(origins: origins),
      notices: notices)
  }

  deinit { group.shutdown() }

  /// What a client would get; bodies that are written while they are made are not read.
  func send(
    _ method: String, _ target: String, _ headers: [(RequestHeader, String)] = [], body: String = ""
  ) async -> HTTPResponse {
    var fields = RequestHeaders()
    for (header, value) in headers { fields.append(header, value) }
    let head = Dispatcher.Head(
      method: method, target: Target(target), headers: fields, size: 100, id: "test-1")
    switch dispatcher.admit(head) {
    case .answered(let response, _), .broken(let response): return response
    case .admitted(let route, let method, let parameters):
      let request = HTTPRequest(
        method: method, target: head.target, parameters: parameters, headers: fields,
        body: Array(body.utf8), id: head.id, limits: limits)
      let loop = group.loops[0]
      let transport = server.localTransport(on: loop, peer: "test:1")
      return await Task(executorPreference: loop) { [dispatcher] in
        let gateway = Gateway(transport, metadata: fields.metadata, deadline: nil)
        return await dispatcher.respond(to: request, route, gateway)
      }.value
    }
  }

  func post(_ target: String, _ body: String) async -> HTTPResponse {
    await send("POST", target, [(.contentType, "application/json")], body: body)
  }
}

extension HTTPResponse {
  var text: String {
    guard case .bytes(let bytes) = body else { return "a stream" }
    return String(decoding: bytes, as: UTF8.self)
  }

  var json: JSONValue {
    get throws { try JSONDocument(text).root }
  }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// JSON as fields, for tests of what reads them.
func fields(_ text: String) throws -> Fields { try Fields(JSONDocument(text).root) }

/// What reading throws, as text.
func complaint<Value>(_ body: () throws -> Value) -> String {
  do {
    _ = try body()
    return "none"
  } catch { return "\(error)" }
}
