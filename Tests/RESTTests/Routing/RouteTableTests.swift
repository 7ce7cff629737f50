import JSON
import Messages
import RPC
import Testing

@testable import REST
@testable import rest_testserver

/// Walks the front's own table: what holds for every route holds for the next one too.
@Suite struct RouteTableTests {
  /// A body that each route that takes one accepts.
  private static let bodies: [String: String] = [
    "predict": #"{"model":"embed","inputs":["a"]}"#,
    "generate": #"{"model":"story","prompt":"a"}"#,
    "createChatCompletion": #"{"model":"story","messages":[{"role":"user","content":"a"}]}"#,
    "createCompletion": #"{"model":"story","prompt":"a"}"#,
    "createEmbedding": #"{"model":"embed","input":"a"}"#,
    "submitJob": #"{"predict":{"model":"embed","inputs":["a"]}}"#,
    "createKey": #"{"owner":"me"}"#, "rotateKey": "", "loadModel": "", "unloadModel": "",
    "setLabel": #"{"model_version":1}"#, "rotateWebhookSecrets": "",
    "modelInfer": tensors, "modelVersionInfer": tensors,
  ]
  private static let tensors =
    #"{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["a"]}]}"#

  private static func path(_ route: Route) -> String {
    var path = route.pattern.description
    let values = [("name", "embed"), ("version", "1"), ("label", "stable"), ("id", "job-x")]
    for (name, value) in values {
      path = path.split(separator: "/").map { $0 == "{\(name)}" ? value : String($0) }
        .joined(separator: "/")
      path = "/" + path
    }
    return path
  }

  private func send(_ rig: Rig, _ route: Route, key: String?) async -> HTTPResponse {
    var headers: [(RequestHeader, String)] = [(.contentType, "application/json")]
    if let key { headers.append((.authorization, "Bearer \(key)")) }
    return await rig.send(
      route.method.rawValue, Self.path(route), headers,
      body: Self.bodies[route.operation.id] ?? "")
  }

  @Test func noRouteIsUnprotectedByAccident() async throws {
    let rig = try Rig(interceptors: [TestKeys()])
    var open: [String] = []
    for route in rig.routes {
      #expect(
        !route.takesBody || Self.bodies[route.operation.id] != nil,
        "\(route.pattern): add a body that it accepts")
      let without = await send(rig, route, key: nil)
      if route.access == .open {
        open.append(route.pattern.description)
        #expect(without.status == 200, "\(route.pattern): \(without.text)")
        continue
      }
      #expect(without.status == 401, "\(route.pattern) answered \(without.status) without a key")
      #expect(without.header("www-authenticate") == "Bearer")
      #expect(await send(rig, route, key: "wrong").status == 401, "\(route.pattern)")
      let user = await send(rig, route, key: "user")
      #expect((user.status == 403) == (route.access == .admin), "\(route.pattern): \(user.status)")
      let admin = await send(rig, route, key: "admin")
      #expect([200, 201, 202, 404].contains(admin.status), "\(route.pattern): \(admin.text)")
    }
    #expect(
      open == [
        "/v2/health/live", "/v2/health/ready", "/v2/models/{name}/ready",
        "/v2/models/{name}/versions/{version}/ready",
        "/health", "/health/live", "/health/ready", "/metrics", "/openapi.json",
      ],
      "what is open to all is listed here")
  }

  @Test func everyRouteSaysWhatItIs() throws {
    let rig = try Rig()
    #expect(Set(rig.routes.map(\.operation.id)).count == rig.routes.count)
    for route in rig.routes {
      let names = Set(route.operation.path.map(\.name))
      #expect(names == Set(route.pattern.names), "\(route.pattern)")
      #expect(!route.operation.summary.isEmpty && !route.operation.answers.isEmpty)
      #expect((route.method == .post || route.method == .put) || !route.takesBody)
    }
  }

  @Test func theDescriptionIsWhole() async throws {
    let rig = try Rig()
    let document = try await rig.send("GET", "/openapi.json").json
    #expect(document["openapi"]?.string == "3.1.0")
    #expect(document["info"]?["version"]?.string == "1.2.3")
    for route in rig.routes {
      let operation = document["paths"]?[route.pattern.description]?[route.method.key]
      #expect(operation?["operationId"]?.string == route.operation.id, "\(route.pattern)")
      #expect(operation?["responses"]?["4XX"] != nil)
    }
    try checkReferences(document, document)
  }

  private func checkReferences(_ value: JSONValue, _ document: JSONValue) throws {
    for element in value.elements.map(Array.init) ?? [] { try checkReferences(element, document) }
    try value.forEachMember { key, member in
      let name = Fields.text(key)
      if name == "$ref" {
        let text = try #require(member.string)
        let schema = try #require(text.split(separator: "/").last.map(String.init))
        #expect(text == "#/components/schemas/\(schema)")
        #expect(document["components"]?["schemas"]?[schema] != nil, "\(text) leads nowhere")
      }
      try checkReferences(member, document)
    }
  }

  @Test func findsRoutes() throws {
    let rig = try Rig()
    let table = RouteTable(rig.routes)
    func find(_ method: HTTPMethod, _ target: String) throws -> (String, [String])? {
      guard let match = try table.match(Target(target)), let route = match.route(method) else {
        return nil
      }
      return (route.operation.id, match.parameters)
    }
    #expect(try find(.post, "/v1/predict")?.0 == "predict")
    #expect(try find(.head, "/v1/models")?.0 == "listModels")
    #expect(try find(.get, "/v1/models/a%20b")?.1 == ["a b"])
    #expect(try find(.put, "/v1/models/m/labels/stable")?.1 == ["m", "stable"])
    for target in ["/", "/v1", "/v1/models/", "/v1/models/a/b", "/v1/predict/", "/V1/predict"] {
      #expect(try find(.get, target) == nil, "\(target)")
    }
    #expect(throws: HTTPError.self) { try find(.get, "/v1/%zz") }
  }
}
