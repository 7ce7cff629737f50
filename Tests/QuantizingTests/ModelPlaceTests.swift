import TestSupport
import Testing

@testable import Quantizing

struct ModelPlaceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aFolderStandsForTheGraphInIt() throws {
    try folder.write("net/1/model.onnx", "x")
    try folder.write("net/2/onnx/model.onnx", "x")
    try folder.write("net/2/onnx/model_quantized.onnx", "x")
    try folder.write("net/2/config.json", "{}")
    let newest = try ModelPlace(folder.file("net"))
    #expect(newest.file == folder.file("net/2/onnx/model.onnx"))
    #expect(newest.folders == [folder.file("net/2")])
    #expect(newest.others == ["onnx/model_quantized.onnx"])
    #expect(try ModelPlace(folder.file("net/1")).others.isEmpty)
    let named = try ModelPlace(newest.file)
    #expect(named.folders == [folder.file("net/2/onnx"), folder.file("net/2")])
    #expect(throws: QuantizationError.self) { try ModelPlace(folder.path) }
  }

  @Test func anOutputIsAFileOrAFolder() throws {
    try folder.write("1/model.onnx", "x")
    try folder.write("2/labels.txt", "x")
    let place = try ModelPlace(folder.file("1/model.onnx"))
    #expect(try place.output(nil) == folder.file("1/model-int8.onnx"))
    #expect(try place.output(folder.file("2")) == folder.file("2/model.onnx"))
    #expect(try place.output(folder.file("2/")) == folder.file("2/model.onnx"))
    #expect(try place.output(folder.file("2/new.onnx")) == folder.file("2/new.onnx"))
    for (path, words) in [
      ("1", "is the model in floats"), ("1/model.onnx", "is the model in floats"),
      ("3/", "there is no folder"), ("3/new.onnx", "there is no folder"),
    ] {
      let error = #expect(throws: QuantizationError.self) { try place.output(folder.file(path)) }
      #expect(error?.description.contains(words) == true)
    }
  }
}
