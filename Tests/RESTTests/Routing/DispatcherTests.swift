import JSON
import Messages
import Testing

@testable import REST

@Suite struct DispatcherTests {
  private let good = #"{"model":"embed","inputs":["a"]}"#

  @Test func refusesOnAccountOfTheHead() async throws {
    let rig = try Rig { $0.targetSize = 50 }
    let long = "/" + String(repeating: "a", count: 60)
    let cases: [(String, String, [(RequestHeader, String)], Int)] = [
      ("GET", "/nothing", [], 404), ("GET", "/v1/predict", [], 405),
      ("BREW", "/v1/predict", [], 405), ("GET", "/v1/%zz", [], 400), ("GET", long, [], 414),
      ("POST", "/v1/predict", [(.contentType, "text/plain")], 415),
      ("POST", "/v1/predict", [(.contentType, "application/json; charset=latin1")], 415),
      ("POST", "/v1/predict", [(.contentLength, "99999999")], 413),
      ("POST", "/v1/predict", [(.contentLength, "1"), (.contentLength, "2")], 400),
      ("POST", "/v1/predict", [(.contentLength, "1"), (.transferEncoding, "chunked")], 400),
      ("POST", "/v1/predict", [(.transferEncoding, "gzip")], 501),
      ("POST", "/v1/predict", [(.timeout, "soon")], 400),
      ("POST", "/v1/predict", [(.timeout, "0")], 400),
    ]
    for (method, target, headers, status) in cases {
      let response = await rig.send(method, target, headers, body: good)
      #expect(response.status == status, "\(method) \(target) \(headers)")
      #expect(try response.json["error"]?["message"]?.string != nil)
      #expect(response.header("x-request-id") == "test-1")
    }
    let notAllowed = await rig.send("DELETE", "/v1/models")
    #expect(notAllowed.header("allow") == "GET, HEAD, OPTIONS")
  }

  @Test(arguments: [
    "application/json", "application/json; charset=UTF-8", "Application/JSON;charset=\"utf-8\"",
    "application/vnd.api+json",
  ])
  func acceptsJSON(type: String) async throws {
    let rig = try Rig()
    #expect(await rig.send("POST", "/v1/predict", [(.contentType, type)], body: good).status == 200)
  }

  @Test func complainsAboutBodies() async throws {
    let rig = try Rig {
      $0.jsonDepth = 4
      $0.jsonValues = 50
    }
    let values = (0..<60).map(String.init).joined(separator: ",")
    let cases = [
      ("", "the body is empty; send JSON"),
      ("{", "the body is not valid JSON: line 1, column 2: "),
      ("{\"model\": \"a\",\n  oops}", "the body is not valid JSON: line 2, column "),
      ("{\"model\":\"a\",\"model\":\"b\"}", "the body is not valid JSON: line 1, column "),
      ("[]", "body: expected an object, got an array"),
      (#"{"model":"embed","inputs":[[[[[1]]]]]}"#, "deeper than 4 levels (http-max-json-depth)"),
      (
        #"{"model":"embed","inputs":[[\#(values)]]}"#,
        "the body's JSON is over a limit: more than 50 values (http-max-json-values)"
      ),
      (#"{"inputs":["a"]}"#, "model: is missing"), (#"{"model":"embed"}"#, "inputs: is missing"),
      (#"{"model":"embed","inputs":"a"}"#, "inputs: expected an array, got a string"),
      (#"{"model":"embed","inputs":["a",{"text":1}]}"#, "inputs[1].text: expected a string"),
      (#"{"model":"embed","inputs":["a"],"optoins":{}}"#, "optoins: there is no such field here"),
      (
        #"{"model":"embed","inputs":["a"],"options":{"top_k":-1}}"#,
        "options.top_k: expected a whole number from 0"
      ),
    ]
    for (body, expected) in cases {
      let response = await rig.post("/v1/predict", body)
      #expect(response.status == 400)
      let message = try #require(try response.json["error"]?["message"]?.string)
      #expect(message.contains(expected), "\(body): \(message)")
    }
  }

  @Test func passesOnWhatTheCallSays() async throws {
    let rig = try Rig()
    let limited = await rig.post("/v1/predict", #"{"model":"limited","inputs":["a"]}"#)
    #expect(limited.status == 429 && limited.header("retry-after") == "7")
    #expect(limited.header("ratelimit") == "\"requests\";r=0;t=7")
    #expect(limited.header("x-secret") == nil)
    let broken = await rig.post("/v1/predict", #"{"model":"broken","inputs":["a"]}"#)
    #expect(broken.status == 500 && !broken.text.contains("Secret"))
    let good = await rig.post("/v1/predict", good)
    #expect(good.header("x-ratelimit-remaining-requests") == "99")
    #expect(good.header("x-ratelimit-limit-requests") == "100")
    let many = (0..<101).map { "\"\($0)\"" }.joined(separator: ",")
    let tooMany = await rig.post("/v1/predict", #"{"model":"embed","inputs":[\#(many)]}"#)
    #expect(try tooMany.json["error"]?["field"]?.string == "inputs")
  }

  @Test func namesTheRequest() async throws {
    let rig = try Rig()
    let body = #"{"model":"embed","inputs":["a"],"request_id":"mine"}"#
    let named = await rig.post("/v1/predict", body)
    #expect(named.header("x-request-id") == "mine")
    #expect(try named.json["request_id"]?.string == "mine")
    #expect(named.headers.filter { $0.name == "x-request-id" }.count == 1)
    #expect(HTTPRequest.isUsable(id: "a-1"))
    for id in ["", "a b", "ä", "a\n", String(repeating: "a", count: 129)] {
      #expect(!HTTPRequest.isUsable(id: id))
    }
  }

  @Test func answersOptions() async throws {
    let rig = try Rig()
    let response = await rig.send("OPTIONS", "/v1/predict")
    #expect(response.status == 204 && response.header("allow") == "POST, OPTIONS")
    #expect(response.header("access-control-allow-origin") == nil)
  }

  @Test func corsIsForListedOrigins() async throws {
    let rig = try Rig(origins: ["https://app.example"])
    let listed = await rig.send(
      "OPTIONS", "/v1/predict",
      [(.origin, "https://app.example"), (.accessControlRequestMethod, "POST")])
    #expect(listed.header("access-control-allow-origin") == "https://app.example")
    #expect(listed.header("access-control-allow-methods") == "POST, OPTIONS")
    #expect(listed.header("vary") == "origin")
    let other = await rig.send(
      "OPTIONS", "/v1/predict",
      [(.origin, "https://evil.example"), (.accessControlRequestMethod, "POST")])
    #expect(other.header("access-control-allow-origin") == nil)
    #expect(other.header("access-control-allow-methods") == nil)
    let call = await rig.send("GET", "/v1/models", [(.origin, "https://app.example")])
    #expect(call.header("access-control-allow-origin") == "https://app.example")
    let open = try Rig(origins: ["*"])
    let any = await open.send("GET", "/v1/models", [(.origin, "https://a.example")])
    #expect(any.header("access-control-allow-origin") == "*")
    #expect(await open.send("GET", "/v1/models").header("access-control-allow-origin") == nil)
  }

  @Test func queriesAreReadStrictly() async throws {
    let rig = try Rig()
    for (query, field) in [
      ("from=soon", "from"), ("all=maybe", "all"), ("form=1", "form"), ("to=1&to=2", "to"),
      ("from=%zz", "query"),
    ] {
      let response = await rig.send("GET", "/v1/usage?\(query)")
      #expect(response.status == 400)
      #expect(try response.json["error"]?["field"]?.string == field)
    }
    let report = await rig.send(
      "GET", "/v1/usage?from=2026-11-20&to=1795185900&model=embed&all=true")
    #expect(try report.json["from"]?.string == "2026-11-20T00:00:00Z")
    #expect(try report.json["to"]?.string == "2026-11-20T14:45:00Z")
    #expect(try report.json["models"]?.elements?.first?["model"]?.string == "embed")
  }
}
