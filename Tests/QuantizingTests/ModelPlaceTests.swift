import Bytes
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
    #expect(try place.output(nil).file == folder.file("1/model-int8.onnx"))
    // One that is missing is made.
    for name in ["2", "2/", "3", "3/"] {
      let output = try place.output(folder.file(name))
      #expect(output.file == folder.file("\(name.prefix(1))/model.onnx") && output.isFolder)
    }
    let alone = try place.output(folder.file("2/new.onnx"))
    #expect(alone.file == folder.file("2/new.onnx") && !alone.isFolder)
    for (path, words) in [
      ("1", "is the model in floats"), ("1/model.onnx", "is the model in floats"),
      ("3/new", "there is no folder"), ("3/new.onnx", "there is no folder"),
      ("2/labels.txt", "is a file: give a folder"),
    ] {
      let error = #expect(throws: QuantizationError.self) { try place.output(folder.file(path)) }
      #expect(error?.description.contains(words) == true)
    }
  }

  @Test func whatIsNearestComesAlong() throws {
    try folder.write("net/onnx/model.onnx", "x")
    let place = try ModelPlace(folder.file("net/onnx/model.onnx"))
    let found = place.companions { $0.hasSuffix("onnx") ? ["a"] : ["a", "b"] }
    #expect(found.map(\.source) == [folder.file("net/onnx/a"), folder.file("net/b")])
  }
}
