import JSON
import Messages
import Testing

@testable import REST

@Suite struct InputTests {
  private func instance(_ text: String) throws -> ApusV1.Instance {
    try ApusV1.Instance(JSONDocument(text).root, at: "inputs[0]")
  }

  @Test func readsEveryKind() throws {
    #expect(try instance(#""hi""#).kind == .text("hi"))
    #expect(try instance(#"{"text":"hi"}"#).kind == .text("hi"))
    #expect(try instance("[1,2.5]").kind == .features(ApusV1.FeatureRow(values: [1, 2.5])))
    #expect(try instance(#"{"features":[3]}"#).kind == .features(ApusV1.FeatureRow(values: [3])))
    #expect(
      try instance(#"{"features":{"b":1,"a":2}}"#).kind
        == .features(ApusV1.FeatureRow(values: [1, 2], names: ["b", "a"])))
    #expect(
      try instance(#"{"features":{"b":1,"a":"red"}}"#).kind
        == .features(ApusV1.FeatureRow(values: [1], names: ["b"], texts: ["a": "red"])))
    #expect(
      try instance(#"{"image":"aGk=","content_type":"image/png"}"#).kind
        == .image(ApusV1.Image(data: Array("hi".utf8), contentType: "image/png")))
    #expect(
      try instance(#"{"image":"data:image/jpeg;base64,aGk"}"#).kind
        == .image(ApusV1.Image(data: Array("hi".utf8), contentType: "image/jpeg")))
  }

  @Test(arguments: [
    #""aGVs\nbG8h\n""#, #""aGVs\r\nbG8h\r\n""#, #"" aGVs\tbG8h ""#, #""data:;base64,aGVs\nbG8h""#,
    #""DATA:;BASE64,aGVsbG8h""#, #""data:;base64, aGVsbG8h""#,
  ])
  func picturesMayStandInLines(text: String) throws {
    #expect(
      try instance("{\"image\":\(text)}").kind
        == .image(ApusV1.Image(data: Array("hello!".utf8), contentType: "")))
  }

  @Test(arguments: ["http://example.com/a.png", "HTTPS://example.com/a.png"])
  func addressesAreNotFetched(address: String) throws {
    let told = complaint { try instance("{\"image\":\"\(address)\"}") }
    #expect(told.hasPrefix("inputs[0].image: is an address; this server fetches no pict"))
    #expect(told.hasSuffix("in base64 or as a data URL (data:image/png;base64,…)"))
  }

  @Test func whatIsMissingIsNoNumber() throws {
    let named = #"{"features":{"a":1,"b":null,"c":2}}"#
    for text in ["[1,null,2]", #"{"features":[1,null,2]}"#, named] {
      guard case .features(let row) = try instance(text).kind else {
        Issue.record("no features")
        continue
      }
      #expect(row.values[0] == 1 && row.values[1].isNaN && row.values[2] == 2)
    }
  }

  @Test(arguments: [
    ("3", "inputs[0]: expected a text, an array of numbers or an object, got the number 3"),
    ("null", "inputs[0]: expected a text, an array of numbers or an object, got null"),
    (
      #"[1,"a"]"#,
      #"inputs[0][1]: expected a number, got a string; texts go by name: {"features": {"name": …}}"#
    ),
    (
      #"[1,null,"a"]"#,
      #"inputs[0][2]: expected a number, got a string; texts go by name: {"features": {"name": …}}"#
    ),
    (#"{"features":[1,true]}"#, "inputs[0].features[1]: expected a number, got a boolean"),
    (#"{"features":{"a":[]}}"#, "inputs[0].features.a: expected a number or a text, got an array"),
    (
      #"{"image":"data:image/png;base64,aGk=","content_type":"image/jpeg"}"#,
      "inputs[0].content_type: is not what the data URL says, image/png"
    ),
    (#"{"text":3}"#, "inputs[0].text: expected a string, got the number 3"),
    (#"{"image":"%%"}"#, "inputs[0].image: is not base64, or is empty"),
    (#"{"image":"\n"}"#, "inputs[0].image: is not base64, or is empty"),
    (#"{"image":"aGk=\n%"}"#, "inputs[0].image: is not base64, or is empty"),
    (#"{"image":[]}"#, "inputs[0].image: expected a string, got an array"),
    (
      #"{"image":"data:image/png,abc"}"#,
      "inputs[0].image: expected a data URL in base64: data:image/png;base64,…"
    ),
    ("{}", "inputs[0]: expected one of text, features, image, tensors; got none"),
    (
      #"{"text":"a","image":"aGk="}"#,
      "inputs[0]: expected one of text, features, image, tensors; got text and image"
    ),
    (#"{"text":"a","content_type":"x"}"#, "inputs[0].content_type: only images have one"),
  ])
  func namesWhatIsWrong(text: String, expected: String) {
    #expect(complaint { try instance(text) } == expected)
  }
}

@Suite struct TensorTests {
  private func tensor(_ text: String) throws -> ApusV1.Tensor { try ApusV1.Tensor(fields(text)) }

  @Test func readsNestedAndFlatData() throws {
    let nested = try tensor(#"{"data_type":"FP32","data":[[1,2,3],[4,5,6]]}"#)
    #expect(nested.shape == [2, 3] && nested.floats == [1, 2, 3, 4, 5, 6])
    let flat = try tensor(#"{"data_type":"INT64","shape":[3,2],"data":[1,2,3,4,5,6]}"#)
    #expect(flat.shape == [3, 2] && flat.longs == [1, 2, 3, 4, 5, 6])
    #expect(try tensor(#"{"data_type":"BOOL","data":[true,false]}"#).ints == [1, 0])
    #expect(try tensor(#"{"data_type":"UINT8","data":[255]}"#).uints == [255])
    #expect(try tensor(#"{"data_type":"UINT64","data":[7]}"#).ulongs == [7])
    #expect(try tensor(#"{"data_type":"INT8","data":[-128]}"#).ints == [-128])
    #expect(try tensor(#"{"data_type":"FP64","data":[0.1]}"#).doubles == [0.1])
    #expect(try tensor(#"{"data_type":"BYTES","data":["hi"]}"#).byteStrings == [[104, 105]])
    #expect(try tensor(#"{"data_type":"FP32","data":[]}"#).shape == [0])
    let scalar = try tensor(#"{"data_type":"FP32","data":7}"#)
    #expect(scalar.shape == [] && scalar.floats == [7])
  }

  @Test(arguments: [
    (#"{"data_type":"FP16","data":[1]}"#, "data_type"), (#"{"data":[1]}"#, "data_type"),
    (#"{"data_type":"FP32"}"#, "data"), (#"{"data_type":"INT8","data":[128]}"#, "data[0]"),
    (#"{"data_type":"FP32","data":[[1,2],[3]]}"#, "data[1]"),
    (#"{"data_type":"FP32","data":[[1,2],3]}"#, "data[1]"),
    (#"{"data_type":"FP32","data":[[[1]],[2]]}"#, "data[1]"),
    (#"{"data_type":"FP32","data":["a"]}"#, "data[0]"),
    (#"{"data_type":"FP32","data":[null]}"#, "data[0]"),
    (#"{"data_type":"FP32","shape":[2,2],"data":[1,2,3]}"#, "data"),
    (#"{"data_type":"FP32","shape":[-1],"data":[1]}"#, "shape[0]"),
    (#"{"data_type":"FP32","shape":[4611686018427387904,4],"data":[1]}"#, "data"),
    (#"{"data_type":"UINT8","data":[1.5]}"#, "data[0]"),
  ])
  func namesWhatIsWrong(text: String, field: String) {
    let error = #expect(throws: FieldError.self) { try tensor(text) }
    #expect(error?.field == field)
  }

  @Test func writesWhatItReads() throws {
    for text in [
      #"{"data_type":"FP32","shape":[2,1],"data":[1.5,2.0]}"#,
      #"{"data_type":"BOOL","shape":[2],"data":[true,false]}"#,
      #"{"data_type":"BYTES","shape":[1],"data":["hi"]}"#,
      #"{"data_type":"UINT16","shape":[1],"data":[9]}"#,
    ] {
      var json = JSONWriter()
      try tensor(text).write(to: &json)
      #expect(json.text == text)
    }
  }

  @Test func whatIsNoFiniteNumberIsNull() {
    var tensor = ApusV1.Tensor()
    tensor.dataType = .fp32
    tensor.shape = [3]
    tensor.floats = [.nan, 1.5, -.infinity]
    var json = JSONWriter()
    tensor.write(to: &json)
    #expect(json.text == #"{"data_type":"FP32","shape":[3],"data":[null,1.5,null]}"#)
  }
}
