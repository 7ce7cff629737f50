import Bytes
import Foundation
import TestSupport
import Testing

@Suite struct WholeFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func contents(_ name: String) throws -> [UInt8] {
    try SmallFile.bytes(folder.file(name), limit: 1 << 20)
  }

  @Test func takesThePlaceOfWhatWasThere() throws {
    try folder.write("model", "old")
    // A file of the user's, and what was left by a run that was killed.
    try folder.write("model.part", "mine")
    try folder.write(".model.part", "much that was never whole")
    try WholeFile.write([1, 2], to: folder.file("model"))
    #expect(try contents("model") == [1, 2])
    #expect(try contents("model.part") == Array("mine".utf8))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("")).sorted()
        == ["model", "model.part"])
  }

  @Test func followsNoLink() throws {
    try folder.write("precious", "kept")
    for name in ["model", ".model.part"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: "precious")
    }
    try WholeFile.write([3], to: folder.file("model"))
    #expect(try contents("model") == [3])
    #expect(try contents("precious") == Array("kept".utf8))
  }
}
