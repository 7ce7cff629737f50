import JSON
import Messages
import RPC
import Synchronization
import Testing
import Time

@testable import REST

/// One route that is to go, and what the front asked of it.
private final class Notices: RouteNotices {
  let route: Mutex<String>
  let refusal: String?
  let keys = Mutex<[String?]>([])

  init(_ route: String, refusal: String? = nil) {
    self.route = Mutex(route)
    self.refusal = refusal
  }

  func notice(ofRoute name: String) -> DeprecationNotice? {
    guard name == route.withLock({ $0 }) else { return nil }
    return DeprecationNotice(
      since: UnixTime(seconds: 20), sunset: UnixTime(seconds: 40), link: "https://route")
  }

  func called(_ route: String, _ metadata: Metadata) -> String? {
    keys.withLock { $0.append(metadata["x-api-key"]) }
    return refusal
  }
}

/// Tells of its calls that they are to go, too.
private struct Telling: Interceptor {
  func intercept(
    _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
  ) async throws {
    let notice = DeprecationNotice(
      since: UnixTime(seconds: 10), sunset: UnixTime(seconds: 50), link: "https://rpc")
    for field in notice.fields { context.appendInitial(field.name, field.value) }
    try await next()
  }
}

/// A method that has gone.
private struct Gone: Interceptor {
  func admit(_ method: MethodHandler, _ context: CallContext) throws(Status) {
    var status = Status(.unimplemented, "it has gone")
    status.add(.sunset)
    throw status
  }
  func intercept(
    _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
  ) async throws {}
}

@Suite struct RouteNoticeTests {
  private let predict = #"{"model":"embed","inputs":["a"]}"#

  private func notice(_ response: HTTPResponse) -> [String] {
    response.headers.filter { ["deprecation", "sunset", "link"].contains($0.name) }.map(\.value)
  }

  @Test func everyAnswerOfTheRouteTellsOfIt() async throws {
    let notices = Notices("POST /v1/predict")
    let rig = try Rig(notices: notices)
    let told = ["@20", "Thu, 01 Jan 1970 00:00:40 GMT", "<https://route>; rel=\"deprecation\""]
    let good = await rig.send("POST", "/v1/predict", [(.apiKey, "k")], body: predict)
    #expect(good.status == 200 && notice(good) == told)
    let bad = await rig.post("/v1/predict", "{")
    #expect(bad.status == 400 && notice(bad) == told)
    let text = await rig.send("POST", "/v1/predict", [(.contentType, "text/plain")])
    #expect(text.status == 415 && notice(text) == told)
    #expect(notices.keys.withLock { $0 } == ["k", nil, nil])
    let other = await rig.send("GET", "/v1/models")
    #expect(other.status == 200 && notice(other).isEmpty)
  }

  @Test func itGoesTogetherWithWhatTheCallTells() async throws {
    let rig = try Rig(interceptors: [Telling()], notices: Notices("POST /v1/predict"))
    let response = await rig.post("/v1/predict", predict)
    #expect(
      notice(response) == [
        "@10", "Thu, 01 Jan 1970 00:00:40 GMT", "<https://route>; rel=\"deprecation\"",
        "<https://rpc>; rel=\"deprecation\"",
      ])
    // Of a route that stays, the call's own.
    #expect(notice(await rig.send("GET", "/v1/models")).first == "@10")
  }

  @Test(arguments: [
    ("POST", "/v1/predict", "GONE", "application/json"),
    ("POST", "/v1/chat/completions", "gone", "application/json"),
    ("GET", "/v1/keys", "GONE", "application/problem+json"),
    ("GET", "/openapi.json", "GONE", "application/json"),
  ])
  func aRouteThatHasGoneSaysSoInItsOwnWords(
    method: String, path: String, code: String, type: String
  ) async throws {
    let rig = try Rig(notices: Notices("\(method) \(path)", refusal: "it ended"))
    let response = await rig.send(method, path)
    #expect(response.status == 410 && response.header("content-type") == type)
    let error = try response.json
    #expect((error["error"]?["code"] ?? error["code"])?.string == code)
    #expect((error["error"]?["message"] ?? error["detail"])?.string == "it ended")
    #expect(notice(response).count == 3)
  }

  @Test func aMethodThatHasGoneIsGoneHereToo() async throws {
    let rig = try Rig(interceptors: [Gone()])
    let response = await rig.post("/v1/predict", predict)
    #expect(response.status == 410)
    #expect(try response.json["error"]?["code"]?.string == "GONE")
    #expect(try response.json["error"]?["message"]?.string == "it has gone")
  }

  @Test func theDescriptionMarksWhatIsToGoNow() async throws {
    let notices = Notices("POST /v1/predict")
    let rig = try Rig(notices: notices)
    func deprecated() async throws -> [String] {
      let document = try await rig.send("GET", "/openapi.json").json
      return rig.routes.filter { route in
        let path = document["paths"]?[route.pattern.description]
        return path?[route.method.key]?["deprecated"]?.boolean == true
      }.map(\.name)
    }
    #expect(try await deprecated() == ["POST /v1/predict"])
    notices.route.withLock { $0 = "GET /v1/models/{name}" }
    #expect(try await deprecated() == ["GET /v1/models/{name}"])
    notices.route.withLock { $0 = "" }
    #expect(try await deprecated() == [])
  }

  @Test func namesAreThoseOfTheTable() throws {
    let rig = try Rig()
    #expect(rig.routes.map(\.name) == Front.routeNames)
    #expect(Front.routeNames.contains("GET /v1/models/{name}"))
  }
}
