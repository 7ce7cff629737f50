import Foundation

/// A server written in Python that a test talks to. It ends with this object, or, should the test
/// crash, with this process, whose end closes its standard input.
///
/// `@unchecked Sendable`: once it has started, nobody but `stop` touches the process.
package final class PythonServer: @unchecked Sendable {
  /// What it printed when it was ready: one line of JSON, such as `{"port": 4711}`.
  package let facts: [String: String]
  private let process = Process()
  private let input = Pipe()

  /// Starts Tests/TestSupport/Servers/`script` and waits until it is ready.
  ///
  /// - Parameter inVenv: whether it needs packages of tools/requirements.txt.
  /// - Returns: nil, after saying so, where the venv that it needs is not there.
  package static func start(
    _ script: String, _ arguments: [String] = [], inVenv: Bool = false
  ) throws -> PythonServer? {
    guard let python = interpreter(inVenv: inVenv) else { return nil }
    return try PythonServer(
      python, ["\(Fixture.package)/Tests/TestSupport/Servers/\(script)"] + arguments)
  }

  /// For tests that need packages of tools/requirements.txt: `.enabled(if: PythonServer.hasVenv)`.
  package static var hasVenv: Bool { interpreter(inVenv: true) != nil }

  /// The Python to run; nil, after saying so, where it is not there.
  package static func interpreter(inVenv: Bool) -> String? {
    let path = inVenv ? "\(Fixture.package)/.venv/bin/python" : "/usr/bin/python3"
    if FileManager.default.isExecutableFile(atPath: path) { return path }
    print("skipped: \(path) is not there (tools/setup makes it)")
    return nil
  }

  private init(_ python: String, _ arguments: [String]) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
    try process.run()
    var line = Data()
    while line.last != UInt8(ascii: "\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw PythonServerError(arguments: arguments) }
      line += more
    }
    let parsed = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    facts = parsed.mapValues { "\($0)" }
  }

  package var port: Int { facts["port"].flatMap { Int($0) } ?? 0 }

  package func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  deinit { stop() }
}

package struct PythonServerError: Error {
  package let arguments: [String]
}
