import Foundation
import Testing

/// The tiers of other machines, built by a cross compiler and run under emulation.
@Suite struct CrossTests {
  @Test func neonAgreesWithTheOracleUnderEmulation() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let process = Process()
    let output = Pipe()
    process.executableURL = root.appending(path: "Cross/run")
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus == 77 {
      print("NEON tier: \(text)")
      return
    }
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(text.contains("neon agrees with the oracle"))
  }
}
