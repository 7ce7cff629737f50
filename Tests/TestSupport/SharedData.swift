import Foundation

/// Data that tests may read and the project does not commit: the folder APUS_SHARED names, or
/// `shared` beside the package.
package enum SharedData {
  private static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["APUS_SHARED"] { return folder }
    return URL(fileURLWithPath: Fixture.package).deletingLastPathComponent()
      .appendingPathComponent("shared").path
  }()

  /// The path of a file below the folder; nil, after saying so, where it is not there.
  package static func path(_ name: String) -> String? {
    let path = "\(folder)/\(name)"
    if FileManager.default.fileExists(atPath: path) { return path }
    print("skipped: \(name) is not there (set APUS_SHARED to the folder that holds it)")
    return nil
  }

  /// The folder of the minilm model: APUS_MINILM, or models/minilm/1 in the package; nil, after
  /// saying so, where it is not there.
  package static func minilm() -> String? {
    let path =
      ProcessInfo.processInfo.environment["APUS_MINILM"] ?? "\(Fixture.package)/models/minilm/1"
    if FileManager.default.fileExists(atPath: "\(path)/config.json") { return path }
    print("skipped: minilm is not at models/minilm/1 (set APUS_MINILM to its folder)")
    return nil
  }
}
