import Foundation
import TestSupport
import Testing

@Suite struct KillTests {
  /// Built beside the tests: their runner and their bundle lie in different folders by version.
  private static let probe: String? = CommandLine.arguments.map { path in
    URL(fileURLWithPath: path).deletingLastPathComponent()
      .appendingPathComponent("accounts-probe").path
  }.first { FileManager.default.isExecutableFile(atPath: $0) }

  /// A process that charges and records calls as fast as it can is killed a hundred times, with
  /// SIGKILL and at times by chance. Each time the database is whole, its tables agree, and nothing
  /// is missing but what came in the last 100 ms. Time in which the machine did not let the process
  /// run at all, which it measures itself, is added to that.
  @Test func aKilledLedgerLosesAHundredMillisecondsAtMost() throws {
    let path = try #require(Self.probe, "accounts-probe is not built")
    let folder = try TemporaryFolder()
    let probe = Process()
    probe.executableURL = URL(fileURLWithPath: path)
    probe.arguments = ["kill", folder.path, "100"]
    let output = Pipe()
    probe.standardOutput = output
    try probe.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    probe.waitUntilExit()
    print(text, terminator: "")
    #expect(probe.terminationStatus == 0, "\(text)")
    #expect(text.contains("killed 100 times"))
  }
}
