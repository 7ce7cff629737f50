import Foundation
import Testing

@testable import Serving

@Suite struct ModelDirectoryTests {
  private func scan(_ files: [String: String]) throws -> ModelDirectory {
    let root = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    for (path, text) in files {
      let file = URL(fileURLWithPath: "\(root)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return try ModelDirectory(scanning: root)
  }

  @Test func versionsRiseAsNumbers() throws {
    let directory = try scan([
      "b/10/x": "", "b/9/x": "", "b/model.yaml": "queue_limit: 7", "a/1/x": "", "README": "",
      ".hidden/1/x": "",
    ])
    #expect(directory.problems.isEmpty)
    #expect(directory.entries.map(\.name) == ["a", "b"])
    #expect(directory.entries[1].versions.map(\.number) == [9, 10])
    #expect(directory.entries[1].settings.queueLimit == 7)
  }

  @Test(arguments: [
    ("m/one/x", "a version is a whole number"), ("m/01/x", "a version is a whole number"),
    ("m/0/x", "a version is a whole number"), ("m/x", "no version folder"),
    ("my model/1/x", "a model's name"),
  ])
  func aProblemIsNamedAndTheRestServes(_ path: String, reason: String) throws {
    let directory = try scan([path: "", "good/1/x": ""])
    #expect(directory.entries.map(\.name) == ["good"])
    #expect(directory.problems.contains { $0.contains(reason) })
  }

  @Test func brokenSettingsKeepOnlyThatModelOut() throws {
    let directory = try scan(["bad/1/x": "", "bad/model.yaml": "nope: 1", "good/1/x": ""])
    #expect(directory.entries.map(\.name) == ["good"])
    #expect(directory.problems.count == 1)
    #expect(directory.problems[0].contains("bad/model.yaml:1: nope is no key"))
  }

  @Test func aMissingFolderIsAnError() {
    #expect(throws: ConfigurationError.self) { try ModelDirectory(scanning: "/nonexistent/models") }
  }
}
