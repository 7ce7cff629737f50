import Foundation
import Testing

@testable import Serving

@Suite struct FolderSourceTests {
  private let root = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())").path

  private func write(_ path: String, _ text: String) throws {
    let file = URL(fileURLWithPath: "\(root)/\(path)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  @Test func aVersionIsWholeOnceTwoLooksAgree() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    try write("m/1/x", "1")
    let source = FolderSource(root)
    func settled(isComplete: Bool = false) throws -> [Bool] {
      try source.look(SourceLook(isComplete: isComplete) { _, _ in true })
        .entries[0].versions.map(\.isSettled)
    }
    #expect(try settled() == [false])
    #expect(try settled() == [true])
    try write("m/1/x", "longer")
    #expect(try settled() == [false])
    try write("m/2/x", "2")
    #expect(try settled() == [true, false])
    try write("m/2/y", "3")
    #expect(try settled(isComplete: true) == [true, true])
  }

  @Test func filesAreLookedAtOnlyWhereSomebodyAsks() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    try write("m/1/x", "1")
    try write("m/2/x", "2")
    let versions = try FolderSource(root).look(SourceLook { _, version in version.number == 2 })
      .entries[0].versions
    #expect(versions.map { $0.stamp != nil } == [false, true])
    #expect(versions.map(\.isSettled) == [true, false])
  }

  @Test func aFolderThatCannotBeReadIsAnError() {
    #expect(throws: ConfigurationError.self) {
      try FolderSource("/nonexistent/models").look(SourceLook { _, _ in true })
    }
  }
}
