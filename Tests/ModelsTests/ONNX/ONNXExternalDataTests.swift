import Foundation
import Messages
import Models
import TestSupport
import Testing

struct ONNXExternalDataTests {
  private typealias Build = ONNXBuilder
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("model/weights.bin", [0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    try folder.write("outside.bin", [1, 2, 3, 4])
  }

  private func model(_ entries: [(String, String)], count: Int64 = 4) -> Onnx.ModelProto {
    let tensor = Onnx.TensorProto(
      dims: [count], dataType: ONNXElementType.uint8.rawValue, name: "w",
      externalData: entries.map { Onnx.StringStringEntryProto(key: $0.0, value: $0.1) },
      dataLocation: .external)
    return Build.model(Build.graph([Build.node("Neg", ["x"], ["y"])], initializers: [tensor]))
  }

  private func values(_ entries: (String, String)...) throws -> [Int64]? {
    try model(entries).read(path: folder.file("model/m.onnx")).graph.initializers[0].int64s()
  }

  private func problem(_ entries: (String, String)...) -> String {
    model(entries).problems(path: folder.file("model/m.onnx")).joined(separator: "; ")
  }

  @Test func readsPiecesOfAFile() throws {
    #expect(try values(("location", "weights.bin")) == [0, 0, 1, 2])
    #expect(
      try values(("location", "weights.bin"), ("offset", "2"), ("length", "4"), ("checksum", "ab"))
        == [1, 2, 3, 4])
    #expect(try values(("location", "./weights.bin"), ("offset", "6")) == [5, 6, 7, 8])
  }

  @Test(arguments: [
    ("7", "4", "takes 4 bytes from 7, but weights.bin has 10 bytes"),
    ("10", "4", "takes 4 bytes from 10"), ("11", "4", "takes 4 bytes from 11"),
    ("9223372036854775807", "4", "takes 4 bytes from 9223372036854775807"),
    ("0", "5", "its shape and type take 4 bytes, but its external data has 5"),
    ("-1", "4", "the offset of its external data is -1, no number"),
    ("1", "0x4", "the length of its external data is 0x4, no number"),
    ("99999999999999999999", "4", "the offset of its external data is 99999999999999999999, no"),
  ])
  func staysWithinTheFile(offset: String, length: String, reason: String) {
    let found = problem(("location", "weights.bin"), ("offset", offset), ("length", length))
    #expect(found.hasPrefix("the tensor w: ") && found.contains(reason), "\(found)")
  }

  @Test(arguments: ["../outside.bin", "/etc/hostname", "a/../../outside.bin", "..", "a//b"])
  func takesNoPathsThatLeaveTheFolder(location: String) {
    #expect(
      problem(("location", location)).contains("only paths within the model's folder are taken"))
  }

  @Test func takesNoPathsThatEndEarly() {
    #expect(
      problem(("location", "weights.bin\0")).contains("only paths within the model's folder"))
  }

  @Test func takesNoLinksThatLeaveTheFolder() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.file("model/link.bin"), withDestinationPath: "../outside.bin")
    try manager.createSymbolicLink(
      atPath: folder.file("model/up"), withDestinationPath: folder.path)
    #expect(
      problem(("location", "link.bin"))
        == "the external data link.bin lies outside of the model's folder")
    #expect(
      problem(("location", "up/outside.bin"))
        == "the external data up/outside.bin lies outside of the model's folder")
    #expect(
      problem(("location", "up"))
        == "the external data up lies outside of the model's folder")
    // Links that stay inside are how some systems put files there.
    try manager.createSymbolicLink(
      atPath: folder.file("model/inner.bin"), withDestinationPath: "weights.bin")
    try manager.createSymbolicLink(
      atPath: folder.file("alias"), withDestinationPath: "model")
    #expect(try values(("location", "inner.bin")) == [0, 0, 1, 2])
    let aliased = try model([("location", "inner.bin")]).read(path: folder.file("alias/m.onnx"))
    #expect(aliased.graph.initializers[0].int64s() == [0, 0, 1, 2])
  }

  @Test func namesAMissingFileOnce() throws {
    var model = model([("location", "gone.bin")])
    var second = try #require(model.graph?.initializer.first)
    second.name = "v"
    model.graph?.initializer.append(second)
    let error = #expect(throws: ONNXError.self) {
      try model.read(path: folder.file("model/m.onnx"))
    }
    #expect(
      error?.problems.map(\.description)
        == ["the external data gone.bin cannot be opened: No such file or directory"])
    #expect(error?.problems.first?.code == .unreadable)
  }

  @Test func wantsAFile() throws {
    try folder.write("model/folder/file", [1])
    #expect(problem(("location", "folder")).contains("folder is not a regular file"))
    #expect(problem(("location", "")).contains("it does not say in which file its values are"))
    #expect(problem().contains("it does not say in which file its values are"))
  }
}
