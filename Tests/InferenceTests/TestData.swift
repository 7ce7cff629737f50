import Foundation
import Testing

/// Files that tests read and the project does not hold. A test without its file says so and passes.
enum TestData {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file of the shared data: under APUS_SHARED, or `shared` beside the repository.
  static func shared(_ path: String) -> String? {
    let folder =
      ProcessInfo.processInfo.environment["APUS_SHARED"]
      ?? root.deletingLastPathComponent().appending(path: "shared").path
    return existing(folder + "/" + path, "set APUS_SHARED to the folder that holds it")
  }

  /// The folder of a model version: under APUS_MODELS, or `models` in the repository.
  static func model(_ path: String) -> String? {
    let folder =
      ProcessInfo.processInfo.environment["APUS_MODELS"] ?? root.appending(path: "models").path
    return existing(folder + "/" + path, "set APUS_MODELS to a folder of models")
  }

  /// A file of Tests/Fixtures.
  static func fixture(_ name: String) -> String? {
    existing(root.appending(path: "Tests/Fixtures/\(name)").path, "it comes with the repository")
  }

  private static func existing(_ path: String, _ advice: String) -> String? {
    if FileManager.default.fileExists(atPath: path) { return path }
    print("skipped: there is no \(path); \(advice)")
    return nil
  }
}
