import Bytes
import Foundation
import TestSupport
import Testing

@testable import Quantizing

struct OutputPlaceTests {
  private static let names = ["labels.txt", "1_Pooling/config.json"]
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("1/labels.txt", "one")
    try folder.write("1/1_Pooling/config.json", "{}")
  }

  private func output(_ name: String) -> OutputPlace {
    var output = OutputPlace(folder: folder.file(name))
    output.companions = Self.names.map {
      OutputPlace.Companion(name: $0, source: folder.file("1/\($0)"))
    }
    return output
  }

  private func contents(_ path: String) -> [UInt8]? {
    TemporaryFolder.contents(folder.file(path))
  }

  @Test func aNewFolderIsSeenWhole() throws {
    #expect(try output("2/").write([1, 2]) == Self.names)
    #expect(contents("2/model.onnx") == [1, 2])
    #expect(contents("2/1_Pooling/config.json") == Array("{}".utf8))
  }

  @Test func whatIsThereStays() throws {
    try folder.write("3/labels.txt", "mine")
    #expect(try output("3").write([3]) == ["1_Pooling/config.json"])
    #expect(contents("3/labels.txt") == Array("mine".utf8))
    #expect(contents("3/model.onnx") == [3])
  }

  /// What one that was killed has left is not taken for the user's.
  @Test func whatWasKilledLeavesNothingForTheNext() throws {
    try folder.write(".2.part/labels.txt", "two")
    #expect(try output("2").write([5]) == Self.names)
    #expect(contents("2/labels.txt") == Array("one".utf8))
    #expect(contents("2/model.onnx") == [5])
    #expect(try everything() == ["1", "2"])
  }

  @Test func whatFailsLeavesNothingOfANewFolder() throws {
    // Where a file is, the folder cannot go in the end.
    try folder.write("blocked", "a file")
    #expect(throws: FileError.self) { try output("blocked").write([4]) }
    #expect(try everything() == ["1", "blocked"])
    try FileManager.default.removeItem(atPath: folder.file("1/1_Pooling"))
    #expect(throws: FileError.self) { try output("2").write([4]) }
    #expect(try everything() == ["1", "blocked"])
  }

  @Test func whatFailsLeavesWhatWasThere() throws {
    try folder.write("3/own.txt", "mine")
    try folder.write(".4.part/labels.txt", "two")
    try FileManager.default.removeItem(atPath: folder.file("1/1_Pooling"))
    for name in ["3", "4"] {
      #expect(throws: FileError.self) { try output(name).write([4]) }
    }
    #expect(try everything() == [".4.part", "1", "3"])
    #expect(try everything(in: "3") == ["own.txt"])
    #expect(try everything(in: ".4.part") == ["labels.txt"])
  }

  private func everything(in name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(name)).sorted()
  }
}
