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

  @Test func aFolderWithoutAModelsNameIsLeftOut() throws {
    let directory = try scan(["my model/1/x": "", "good/1/x": ""])
    #expect(directory.entries.map(\.name) == ["good"])
    #expect(directory.problems.contains { $0.contains("a model's name") })
  }

  @Test(arguments: ["m/one/x", "m/01/x", "m/0/x", "m/x"])
  func aModelWithoutAVersionFolderIsAModelWithAProblem(_ path: String) throws {
    let directory = try scan([path: "", "good/1/x": ""])
    #expect(directory.entries.map(\.name) == ["good", "m"])
    #expect(directory.entries[0].problem == nil && directory.entries[1].versions.isEmpty)
    #expect(directory.entries[1].problem?.contains("no version folder") == true)
  }

  @Test func aFolderThatIsNoVersionIsNamedAndTheRestServes() throws {
    let directory = try scan(["m/1/x": "", "m/v2/x": ""])
    #expect(directory.entries[0].problem == nil && directory.entries[0].versions.count == 1)
    #expect(directory.problems.contains { $0.contains("m/v2: a version is a whole number") })
  }

  @Test func brokenSettingsAreTheProblemOfThatModel() throws {
    let directory = try scan(["bad/1/x": "", "bad/model.yaml": "nope: 1", "good/1/x": ""])
    #expect(directory.entries.map(\.name) == ["bad", "good"])
    #expect(directory.problems.isEmpty && directory.entries[1].problem == nil)
    #expect(directory.entries[0].versions.map(\.number) == [1])
    #expect(
      directory.entries[0].problem?.contains("bad/model.yaml:1: nope is no key") == true)
  }

  @Test func aMissingFolderIsAnError() {
    #expect(throws: ConfigurationError.self) { try ModelDirectory(scanning: "/nonexistent/models") }
  }
}
