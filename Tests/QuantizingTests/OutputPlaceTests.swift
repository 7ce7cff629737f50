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

  /// What one that failed has left is not taken for the user's.
  @Test func whatFailedLeavesNothingForTheNext() throws {
    try folder.write("blocked", "a file")
    #expect(throws: FileError.self) { try output("blocked").write([4]) }
    try FileManager.default.removeItem(atPath: folder.file("blocked"))
    try folder.write("1/labels.txt", "two")
    #expect(try output("blocked").write([5]) == Self.names)
    #expect(contents("blocked/labels.txt") == Array("two".utf8))
    #expect(contents("blocked/model.onnx") == [5])
  }
}
