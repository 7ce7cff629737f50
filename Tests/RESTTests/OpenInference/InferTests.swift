import JSON
import Messages
import Testing

@testable import REST

@Suite struct InferCodingTests {
  private func request(_ text: String) throws -> OpenInference.ModelInferRequest {
    try OpenInference.ModelInferRequest(fields(text))
  }

  private func input(_ members: String) -> String {
    #"{"inputs":[{"name":"x",\#(members)}]}"#
  }

  private static let types: [(String, OpenInference.InferTensorContents)] = [
    (#""shape":[2,2],"datatype":"FP32","data":[1,2,3,4]"#, .init(fp32Contents: [1, 2, 3, 4])),
    (#""shape":[2,2],"datatype":"FP64","data":[[1,2],[3,4]]"#, .init(fp64Contents: [1, 2, 3, 4])),
    (#""shape":[2],"datatype":"BOOL","data":[true,false]"#, .init(boolContents: [true, false])),
    (#""shape":[1],"datatype":"INT16","data":[-7]"#, .init(intContents: [-7])),
    (#""shape":[1],"datatype":"INT64","data":[-7]"#, .init(int64Contents: [-7])),
    (#""shape":[1],"datatype":"UINT8","data":[7]"#, .init(uintContents: [7])),
    (#""shape":[1],"datatype":"UINT64","data":[7]"#, .init(uint64Contents: [7])),
    (#""shape":[1],"datatype":"BYTES","data":["hi"]"#, .init(bytesContents: [[104, 105]])),
    (#""shape":[0],"datatype":"FP32","data":[]"#, .init()),
  ]

  @Test(arguments: types)
  func readsEveryType(members: String, contents: OpenInference.InferTensorContents) throws {
    let read = try request(input(members))
    let input = try #require(read.inputs.first)
    #expect(input.name == "x" && input.contents == contents)
  }

  @Test func readsAllThatThereIs() throws {
    let read = try request(
      #"""
      {"id":"42","parameters":{"a":true,"b":1,"c":1.5,"d":"e","f":null},
      "inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1],"parameters":{"g":2}}],
      "outputs":[{"name":"y","parameters":{"binary_data":false}}]}
      """#)
    #expect(read.id == "42" && read.inputs[0].shape == [1] && read.outputs.map(\.name) == ["y"])
    #expect(
      read.parameters.mapValues(\.parameterChoice) == [
        "a": .boolParam(true), "b": .int64Param(1), "c": .doubleParam(1.5), "d": .stringParam("e"),
      ])
    #expect(read.inputs[0].parameters["g"]?.parameterChoice == .int64Param(2))
  }

  @Test(arguments: [
    ("{}", "inputs: is missing; expected an array"),
    (#"{"inputs":{}}"#, "inputs: expected an array, got an object"),
    (#"{"inputs":[1]}"#, "inputs[0]: expected an object, got the number 1"),
    (#"{"inputs":[],"model":"x"}"#, "model: there is no such field here; allowed are id"),
    (#"{"inputs":[],"outputs":[{}]}"#, "outputs[0].name: is missing; expected a string"),
    (
      #"{"inputs":[],"parameters":{"a":[1]}}"#,
      "parameters.a: expected a string, a number, true or false, got an array"
    ),
    (#"{"inputs":[{"name":"x"}]}"#, "inputs[0].shape: is missing; expected an array"),
    (
      #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}"#,
      "inputs[0].data: is missing; expected an array"
    ),
    (
      #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":1}]}"#,
      "inputs[0].data: expected an array, got the number 1"
    ),
    (
      #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP16","data":[1]}]}"#,
      "inputs[0].datatype: expected one of BOOL"
    ),
    (
      #"{"inputs":[{"name":"x","shape":[-1],"datatype":"FP32","data":[1]}]}"#,
      "inputs[0].shape[0]: expected a whole number from 0, got the number -1"
    ),
    (
      #"{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1]}]}"#,
      "inputs[0].data: has 1 elements; the shape [2, 2] asks for others"
    ),
  ])
  func namesWhatIsWrong(text: String, expected: String) {
    let found = complaint { try request(text) }
    #expect(found.hasPrefix(expected), "\(found)")
  }
}

@Suite struct InferRouteTests {
  @Test func tensorsComeBackAsTheyWere() async throws {
    let rig = try Rig()
    let body =
      #"{"id":"i","parameters":{"a":1},"inputs":["#
      + #"{"name":"t","datatype":"BYTES","shape":[1],"data":["ü"]},"#
      + #"{"name":"b","datatype":"BOOL","shape":[2],"data":[true,false]},"#
      + #"{"name":"f","datatype":"FP32","shape":[2,1],"data":[0.1,2.0]}]}"#
    let response = await rig.post("/v2/models/shapes/versions/1/infer", body)
    #expect(response.status == 200)
    #expect(
      response.text
        == #"{"model_name":"shapes","model_version":"1","id":"i","parameters":{"a":1},"outputs":["#
        + #"{"name":"t","datatype":"BYTES","shape":[1],"data":["ü"]},"#
        + #"{"name":"b","datatype":"BOOL","shape":[2],"data":[true,false]},"#
        + #"{"name":"f","datatype":"FP32","shape":[2,1],"data":[0.1,2.0]}]}"#)
  }

  @Test func binaryDataAreRefused() async throws {
    let rig = try Rig()
    let response = await rig.send(
      "POST", "/v2/models/embed/infer", [(.inferenceHeaderContentLength, "2")], body: "{}")
    #expect(response.status == 400)
    let text = try response.json["error"]?.string ?? ""
    #expect(text.hasPrefix("inference-header-content-length: binary tensor data are not"))
  }

  @Test func aClientThatRefusesTheCacheSaysSoInAParameter() async throws {
    let rig = try Rig()
    let body = #"{"inputs":[{"name":"t","datatype":"FP32","shape":[1],"data":[1]}]}"#
    let response = await rig.send(
      "POST", "/v2/models/shapes/infer", [(.cacheControl, "no-cache")], body: body)
    #expect(try response.json["parameters"]?["no_cache"]?.boolean == true)
  }

  @Test func errorsAreOneText() async throws {
    let rig = try Rig()
    for (path, status) in [
      ("/v2/models/none/infer", 404), ("/v2/models/embed/versions/7/infer", 404),
      ("/v2/models/limited/infer", 429),
    ] {
      let body = #"{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}]}"#
      let response = await rig.post(path, body)
      #expect(response.status == status, "\(path): \(response.text)")
      #expect(try response.json["error"]?.string?.isEmpty == false)
    }
    let wrong = await rig.post("/v2/models/embed/infer", "[")
    #expect(wrong.status == 400)
    #expect(try wrong.json["error"]?.string?.hasPrefix("the body is not valid JSON") == true)
  }
}
